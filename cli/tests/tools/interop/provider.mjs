// oidc-provider on loopback ports that the system chooses, with the clients that mod.rs names. PACKAGES is the
// folder that oidc-provider was installed into, CREDENTIALS the one with keys and certificates. Prints `port N` once it
// listens with HTTP, `tls N` for HTTPS that requests a client certificate, `strict N` for HTTPS that requires one of its
// CA.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// An `import` by name looks only beside this file, and the package is not in the tree.
const resolve = createRequire(`${process.env.PACKAGES}/`).resolve;
const { Provider } = await import(pathToFileURL(resolve('oidc-provider')));
const { default: MemoryAdapter } = await import(
  pathToFileURL(resolve('oidc-provider/lib/adapters/memory_adapter.js')));
const credential = (name) => readFileSync(`${process.env.CREDENTIALS}/${name}`);

// How the last column is used, by authentication method.
const proof = {
  private_key_jwt: (jwk) => ({ jwks: { keys: [JSON.parse(jwk)] } }),
  tls_client_auth: (subject) => ({ tls_client_auth_subject_dn: subject }),
  self_signed_tls_client_auth: (name) => {
    const certificate = new X509Certificate(credential(name));
    const jwk = certificate.publicKey.export({ format: 'jwk' });
    return { jwks: { keys: [{ ...jwk, x5c: [certificate.raw.toString('base64')] }] } };
  },
};

const client = (method, scope, id, secret) => ({
  client_id: id,
  token_endpoint_auth_method: method,
  scope,
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
  ...(proof[method] ?? ((secret) => ({ client_secret: secret })))(secret),
});

const rotating = process.env.ROTATING;

// The secret of the client `rotating` is read from a file for every request.
class Adapter extends MemoryAdapter {
  async find(id) {
    if (this.model !== 'Client') return super.find(id);
    const secret = () => readFileSync(process.env.ROTATING_SECRET_FILE, 'utf8');
    return id === rotating ? client('client_secret_post', 'read', id, secret()) : undefined;
  }
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    adapter: Adapter,
    clients: process.env.CLIENTS.split('\n').filter(Boolean)
      .map((line) => client(...line.split('\t'))),
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', ...Object.keys(proof)],
    enabledJWA: {
      clientAuthSigningAlgValues: ['HS256', 'RS256', 'RS384', 'PS256', 'ES256', 'ES384', 'EdDSA'],
    },
    scopes: process.env.SCOPES.split(' '),
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      devInteractions: { enabled: false },
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        selfSignedTlsClientAuth: true,
        getCertificate: (ctx) => ctx.socket.getPeerX509Certificate?.(),
        certificateAuthorized: (ctx) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx, property, expected) =>
          ctx.socket.getPeerX509Certificate().subject === expected,
      },
    },
    ttl: {
      ClientCredentials: (ctx, token, { clientId }) =>
        Number(clientId.startsWith(rotating) ? process.env.SHORT_LIFETIME : process.env.LIFETIME),
    },
  });
  server.on('request', provider.callback());
  const listen = (name, rejectUnauthorized) => {
    const tls = createTlsServer({
      key: credential('server.key'),
      cert: credential('server.pem'),
      ca: credential('ca.pem'),
      requestCert: true,
      rejectUnauthorized,
    }, provider.callback());
    tls.listen(0, '127.0.0.1', () => console.log(`${name} ${tls.address().port}`));
  };
  listen('tls', false);
  listen('strict', true);
  console.log(`port ${port}`);
});
