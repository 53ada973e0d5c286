// The Node servers of the second bench: node_stacks.mjs NAME PORT.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [name, port] = process.argv.slice(2);
const keys = process.env.LAB_KEYS;
const require = createRequire(process.env.LAB_NODE + "/index.js");
const load = (pkg) => import(pathToFileURL(require.resolve(pkg)));
const issuer = "https://id.shop.example/";
const audience = "https://orders.shop.example";

function answer(response, status, body, fields = {}) {
  response.writeHead(status, { "Content-Type": "application/json", ...fields });
  response.end(JSON.stringify(body));
}

// hono/jwt words every defect of a token alike.
async function hono() {
  const { Hono } = require("hono");
  const { jwt } = require("hono/jwt");
  const { serve } = require("@hono/node-server");
  const app = new Hono();
  app.use("*", jwt({ secret: readFileSync(`${keys}/hs-c.secret`, "utf8"), alg: "HS256", verification: { iss: issuer, aud: audience } }));
  for (const path of ["/orders", "/me"]) app.get(path, (c) => c.json({ sub: c.get("jwtPayload").sub, orders: [] }));
  app.get("/admin/users", (c) => (c.get("jwtPayload").roles ? c.json({ users: [] }) : c.json({ error: "Forbidden" }, 403)));
  serve({ fetch: app.fetch, port: Number(port), hostname: "127.0.0.1" });
}

// jose opens encrypted tokens (JWE, direct encryption); a jti is good once at /transfer.
async function joseJwe() {
  const { jwtDecrypt } = await load("jose");
  const key = Buffer.from(readFileSync(`${keys}/hs-c.secret`, "utf8"), "base64").subarray(0, 32);
  const seen = new Set();
  createServer(async (request, response) => {
    const [scheme, token] = (request.headers.authorization ?? "").split(" ");
    if (scheme !== "Bearer" || !token) return answer(response, 401, { error: "Bearer token required" });
    try {
      const { payload } = await jwtDecrypt(token, key, { issuer, audience });
      if (request.url.startsWith("/transfer")) {
        if (seen.has(payload.jti)) return answer(response, 401, { error: "token_replayed", error_description: "jti has already been used" });
        seen.add(payload.jti);
      }
      answer(response, 200, { sub: payload.sub });
    } catch (error) {
      answer(response, 401, { error: error.code, error_description: error.message });
    }
  }).listen(port, "127.0.0.1");
}

// s3rver checks AWS signatures (version 4) of the one key pair that it knows.
async function s3() {
  const S3rver = require("s3rver");
  const directory = `${process.env.LAB_TMP}/s3`;
  mkdirSync(directory, { recursive: true });
  await new S3rver({ address: "127.0.0.1", port: Number(port), silent: true, directory, configureBuckets: [{ name: "reports" }] }).run();
}

// Hawk as its own documentation shows it; a nonce is good once.
async function hawk() {
  const Hawk = require("@hapi/hawk");
  const nonces = new Set();
  const credentials = (id) => (id === "dh37fgj492je" ? { key: "werxhqb98rpaxn39848xrunpaw3489ruxnpa98w4rxn", algorithm: "sha256", user: "ann" } : null);
  const nonceFunc = (key, nonce) => {
    if (nonces.has(key + nonce)) throw new Error("replay");
    nonces.add(key + nonce);
  };
  createServer(async (request, response) => {
    try {
      const { credentials: who } = await Hawk.server.authenticate(request, credentials, { nonceFunc, port });
      answer(response, 200, { user: who.user });
    } catch (error) {
      answer(response, error.output.statusCode, error.output.payload, error.output.headers);
    }
  }).listen(port, "127.0.0.1");
}

// Apollo Server: a resolver that throws answers 200 with errors; `strict` asks for status 401 as its documentation shows.
async function graphql() {
  const { ApolloServer } = require("@apollo/server");
  const { startStandaloneServer } = require("@apollo/server/standalone");
  const { GraphQLError } = require("graphql");
  const jwt = require("jsonwebtoken");
  const secret = readFileSync(`${keys}/hs-c.secret`, "utf8");
  const guarded = (http) => (_root, _args, { field }) => {
    try {
      return jwt.verify((field ?? "").replace(/^Bearer /, ""), secret, { issuer, audience, algorithms: ["HS256"] });
    } catch (error) {
      throw new GraphQLError(error.message, { extensions: { code: "UNAUTHENTICATED", ...(http && { http: { status: 401 } }) } });
    }
  };
  const server = new ApolloServer({
    includeStacktraceInErrorResponses: false,
    typeDefs: "type Query { version: String orders: String strict: String admin: String }",
    resolvers: { Query: {
      version: () => "1",
      orders: (...all) => guarded(false)(...all).sub,
      strict: (...all) => guarded(true)(...all).sub,
      admin: (...all) => {
        if (guarded(false)(...all).roles) return "yes";
        throw new GraphQLError("Not authorized: role admin is required", { extensions: { code: "FORBIDDEN" } });
      },
    } },
  });
  await startStandaloneServer(server, {
    listen: { port: Number(port), host: "127.0.0.1" }, context: async ({ req }) => ({ field: req.headers.authorization }),
  });
}

await { hono, graphql, "jose-jwe": joseJwe, s3rver: s3, hawk }[name]();
