// @node-oauth/oauth2-server behind Express, as its documentation shows it, on a loopback port that the system chooses.
// Prints `port N` once it listens.

import { createRequire } from "node:module";

const require = createRequire(`${process.env.PACKAGES}/`);
const express = require("express");
const { OAuthError, Request, Response, ...OAuth2Server } = require("@node-oauth/oauth2-server");

const clients = [
  { id: "client", secret: process.env.SECRET, grants: ["client_credentials"], accessTokenLifetime: 1234 },
  { id: "other-grant", secret: process.env.SECRET, grants: ["password"] },
];
const scopes = ["read", "write", "admin"];
const tokens = new Map();
const model = {
  getClient: (id, secret) => clients.find((client) => client.id === id && client.secret === secret),
  getUserFromClient: (client) => ({ id: client.id }),
  validateScope: (_user, _client, scope) => (scope ?? []).every((name) => scopes.includes(name)) && (scope ?? []),
  saveToken: (token, client, user) => {
    const saved = { ...token, client, user };
    tokens.set(token.accessToken, saved);
    return saved;
  },
  getAccessToken: (token) => tokens.get(token),
};
const server = new (require("@node-oauth/oauth2-server"))({ model });

const app = express();
app.use(express.urlencoded({ extended: false }));
const answer = (action) => async (from, to) => {
  const [request, response] = [new Request(from), new Response(to)];
  try {
    await action(request, response);
    to.set(response.headers).status(response.status ?? 200).json(response.body);
  } catch (error) {
    to.set(response.headers).status(error.code ?? 500);
    to.json({ error: error.name, error_description: error.message });
  }
};
app.post("/token", answer((request, response) => server.token(request, response)));
app.get("/api", answer(async (request, response) => {
  await server.authenticate(request, response);
  response.body = "the answer";
}));
app.get("/revoke", (_from, to) => {
  tokens.clear();
  to.send("revoked");
});
const listener = app.listen(0, "127.0.0.1", () => console.log(`port ${listener.address().port}`));
