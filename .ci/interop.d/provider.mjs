// oidc-provider on a loopback port that the system chooses, with the clients that .ci/interop names.
// PACKAGES is the folder that oidc-provider was installed into. Prints `port N` once it listens.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// An `import` by name looks beside this file only, and the package is not in the tree.
const resolve = createRequire(`${process.env.PACKAGES}/`).resolve;
const { Provider } = await import(pathToFileURL(resolve('oidc-provider')));

const clients = process.env.CLIENTS.split('\n').filter(Boolean).map((line) => {
  const [method, scope, id, secret] = line.split('\t');
  return {
    client_id: id,
    client_secret: secret,
    token_endpoint_auth_method: method,
    scope,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
  };
});

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients,
    scopes: process.env.SCOPES.split(' '),
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      devInteractions: { enabled: false },
    },
    ttl: { ClientCredentials: Number(process.env.LIFETIME) },
  });
  server.on('request', provider.callback());
  console.log(`port ${port}`);
});
