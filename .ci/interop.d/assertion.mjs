// assertion.mjs KEY CLIENT_ID AUDIENCE LIFETIME [FILE]: a client assertion of RFC 7523 section 2.2, signed with the EC key
// in KEY, for AUDIENCE, valid for LIFETIME seconds from now. Prints it; or, given FILE, replaces FILE by rename every 100 ms
// with a new assertion, as a sidecar does, until killed.
import { createPrivateKey, randomUUID, sign } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

const [keyFile, clientId, audience, lifetime, file] = process.argv.slice(2);
const key = createPrivateKey(readFileSync(keyFile));
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function assertion() {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: audience,
    iat: now - 10,
    exp: now + Number(lifetime),
    jti: randomUUID(),
  };
  const signed = `${part({ alg: 'ES256', typ: 'JWT' })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}\n`;
}

function write() {
  writeFileSync(`${file}.new`, assertion());
  renameSync(`${file}.new`, file);
}

if (file === undefined) {
  process.stdout.write(assertion());
} else {
  write();
  setInterval(write, 100);
}
