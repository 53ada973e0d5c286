// The Node servers of the third bench: node_third.mjs NAME PORT. Each as its library's own documentation shows it.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [name, port] = process.argv.slice(2);
const keys = process.env.LAB_KEYS;
const require = createRequire(process.env.LAB_NODE3 + "/index.js");
const load = (pkg) => import(pathToFileURL(require.resolve(pkg)));
const issuer = "https://id.shop.example/";
const audience = "https://orders.shop.example";
const secret = readFileSync(`${keys}/hs-g.secret`, "utf8");
const publicKey = readFileSync(`${keys}/rsa-g.pub.pem`, "utf8");
const host = "127.0.0.1";

async function hapi() {
  const Hapi = require("@hapi/hapi");
  const server = Hapi.server({ port: Number(port), host });
  await server.register(require("@hapi/jwt"));
  server.auth.strategy("orders", "jwt", {
    keys: { key: secret, algorithms: ["HS256"] },
    verify: { aud: audience, iss: issuer, sub: false, nbf: true, exp: true },
    validate: (artifacts) => ({ isValid: true, credentials: { user: artifacts.decoded.payload.sub, scope: artifacts.decoded.payload.roles ?? [] } }),
  });
  server.auth.default("orders");
  for (const path of ["/orders", "/me"]) server.route({ method: "GET", path, handler: () => ({ orders: [] }) });
  server.route({ method: "GET", path: "/admin/users", options: { auth: { scope: ["admin"] } }, handler: () => ({ users: [] }) });
  await server.start();
}

async function feathers() {
  const { feathers } = require("@feathersjs/feathers");
  const { koa, rest, errorHandler, bodyParser, parseAuthentication } = require("@feathersjs/koa");
  const { AuthenticationService, JWTStrategy, authenticate } = require("@feathersjs/authentication");
  const { LocalStrategy } = require("@feathersjs/authentication-local");
  const { MemoryService } = require("@feathersjs/memory");
  const { Forbidden } = require("@feathersjs/errors");
  const app = koa(feathers());
  app.set("authentication", {
    secret, entity: null, authStrategies: ["jwt"], jwtOptions: { audience, issuer, algorithm: "HS256", header: { typ: "JWT" } },
    local: { usernameField: "email", passwordField: "password" },
  });
  app.use(errorHandler());
  app.use(parseAuthentication());
  app.use(bodyParser());
  app.configure(rest());
  const service = new AuthenticationService(app);
  service.register("jwt", new JWTStrategy());
  app.use("authentication", service);
  for (const path of ["orders", "me", "admin/users"]) {
    app.use(path, { find: async (params) => {
      if (path === "admin/users" && !params.authentication.payload.roles) throw new Forbidden("You are not allowed to list users");
      return [];
    } });
    app.service(path).hooks({ before: { all: [authenticate("jwt")] } });
  }
  await app.listen(Number(port), host);
}

async function restify() {
  const restify = require("restify");
  const { ForbiddenError } = require("restify-errors");
  const jwt = require("restify-jwt-community");
  const server = restify.createServer({ name: "orders" });
  server.use(jwt({ secret: publicKey, algorithms: ["RS256"], audience, issuer }));
  for (const path of ["/orders", "/me"]) server.get(path, (request, response, next) => { response.send({ orders: [] }); next(); });
  server.get("/admin/users", (request, response, next) => {
    if (!request.user.roles) return next(new ForbiddenError("Administrators only"));
    response.send({ users: [] });
    next();
  });
  server.listen(Number(port), host);
}

async function yoga() {
  const { createSchema, createYoga } = await load("graphql-yoga");
  const { useJWT, createInlineSigningKeyProvider, extractFromHeader } = await load("@graphql-yoga/plugin-jwt");
  const app = createYoga({
    schema: createSchema({ typeDefs: "type Query { orders: [String!]! }", resolvers: { Query: { orders: () => [] } } }),
    logging: false,
    plugins: [useJWT({
      signingKeyProviders: [createInlineSigningKeyProvider(publicKey)], tokenLookupLocations: [extractFromHeader({ name: "authorization", prefix: "Bearer" })],
      tokenVerification: { issuer, audience, algorithms: ["RS256"] }, reject: { missingToken: true, invalidToken: true },
    })],
  });
  createServer(app).listen(Number(port), host);
}

async function nest() {
  require("reflect-metadata");
  const { Module, Controller, Get, UseGuards, Injectable, ForbiddenException, Req } = require("@nestjs/common");
  const { NestFactory } = require("@nestjs/core");
  const { AuthGuard, PassportModule, PassportStrategy } = require("@nestjs/passport");
  const { Strategy, ExtractJwt } = require("passport-jwt");
  class Jwt extends PassportStrategy(Strategy) {
    constructor() { super({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: secret, audience, issuer, algorithms: ["HS256"] }); }
    validate(payload) { return payload; }
  }
  class Orders {
    orders() { return { orders: [] }; }
    users(request) {
      if (!request.user.roles) throw new ForbiddenException("Administrators only");
      return { users: [] };
    }
  }
  const decorate = (method, path) => {
    Get(path)(Orders.prototype, method, Object.getOwnPropertyDescriptor(Orders.prototype, method));
    UseGuards(AuthGuard("jwt"))(Orders.prototype, method, Object.getOwnPropertyDescriptor(Orders.prototype, method));
  };
  decorate("orders", ["orders", "me"]);
  decorate("users", "admin/users");
  Req()(Orders.prototype, "users", 0);
  Controller()(Orders);
  Injectable()(Jwt);
  class App {}
  Module({ imports: [PassportModule], controllers: [Orders], providers: [Jwt] })(App);
  const app = await NestFactory.create(App, { logger: false });
  await app.listen(Number(port), host);
}

async function trpc() {
  const { initTRPC, TRPCError } = await load("@trpc/server");
  const { createHTTPServer } = await load("@trpc/server/adapters/standalone");
  const { verify } = require("jsonwebtoken");
  const t = initTRPC.context().create();
  const guarded = t.procedure.use(({ ctx, next }) => {
    if (!ctx.token) throw new TRPCError({ code: "UNAUTHORIZED" });
    try {
      return next({ ctx: { user: verify(ctx.token, publicKey, { algorithms: ["RS256"], audience, issuer }) } });
    } catch (error) {
      throw new TRPCError({ code: "UNAUTHORIZED", message: error.message });
    }
  });
  const admin = guarded.use(({ ctx, next }) => {
    if (!ctx.user.roles) throw new TRPCError({ code: "FORBIDDEN", message: "Administrators only" });
    return next();
  });
  const router = t.router({ orders: guarded.query(() => []), me: guarded.query(() => []), "admin/users": admin.query(() => []) });
  createHTTPServer({ router, createContext: ({ req }) => ({ token: /^Bearer (.+)$/.exec(req.headers.authorization ?? "")?.[1] }) }).listen(Number(port), host);
}

async function elysia() {
  const { Elysia } = await load("elysia");
  const { node } = await load("@elysiajs/node");
  const { jwt } = await load("@elysiajs/jwt");
  const app = new Elysia({ adapter: node() }).use(jwt({ name: "jwt", secret, alg: "HS256", iss: issuer, aud: audience }))
    .derive(async ({ jwt, headers: { authorization } }) => ({ user: authorization?.startsWith("Bearer ") ? await jwt.verify(authorization.slice(7), { issuer, audience }) : null }))
    .onBeforeHandle(({ user, status }) => { if (!user) return status(401, "Unauthorized"); });
  for (const path of ["/orders", "/me"]) app.get(path, () => ({ orders: [] }));
  app.get("/admin/users", ({ user, status }) => (user.roles ? { users: [] } : status(403, "Forbidden")));
  app.listen({ port: Number(port), hostname: host });
}

// Opaque keys, and Basic, with Fastify's own plugins.
async function fastifyKeys() {
  const fastify = require("fastify")();
  await fastify.register(async (part) => {
    await part.register(require("@fastify/bearer-auth"), { keys: new Set(["sk_live_4eC39HqLyjWDarjtT1zdp7dc"]), addHook: true });
    part.get("/orders", async () => ({ orders: [] }));
  });
  await fastify.register(async (part) => {
    await part.register(require("@fastify/basic-auth"), { authenticate: { realm: "reports" },
      validate: async (user, password) => { if (user !== "ann" || password !== "correct horse") return new Error("Winter is coming"); } });
    part.addHook("onRequest", part.basicAuth);
    part.get("/reports", async () => ({ reports: [] }));
  });
  await fastify.listen({ port: Number(port), host });
}

// A model in memory behind the OAuth2 server's token endpoint and its guard.
async function oauthServer() {
  const OAuthServer = require("@node-oauth/express-oauth-server");
  const express = require("express");
  const live = { "a3f8c1d92b7e40568c9d1e2f3a4b5c6d7e8f9012": { scope: ["read"], end: 3600 }, "b4e9d2ca3c8f51679dae2f304b5c6d7e8f901234": { scope: ["write"], end: 3600 },
    "c5fae3db4d906278aebf3041506d7e8f90123456": { scope: ["read"], end: -60 } };
  const start = Date.now();
  const model = {
    getClient: (id, given) => (id === "shop" && (!given || given === "shop-secret-of-the-lab") ? { id, grants: ["password", "refresh_token"] } : false),
    getUser: (user, password) => (user === "ann" && password === "correct horse" ? { id: user } : false),
    saveToken: (token, client, user) => ({ ...token, client, user }),
    getRefreshToken: () => false, revokeToken: () => true, validateScope: (user, client, scope) => scope ?? ["read"],
    getAccessToken: (token) => live[token] && { accessToken: token, accessTokenExpiresAt: new Date(start + live[token].end * 1000), scope: live[token].scope, user: { id: "ann" }, client: { id: "shop" } },
    verifyScope: (token, scope) => scope.every((one) => token.scope.includes(one)),
  };
  const oauth = new OAuthServer({ model });
  const app = express();
  app.use(express.urlencoded({ extended: false }));
  app.post("/token", oauth.token());
  app.get("/orders", oauth.authenticate({ scope: ["read"] }), (request, response) => response.json({ orders: [] }));
  app.listen(Number(port), host);
}

// Sign-in with sessions in cookies.
async function betterAuth() {
  const { betterAuth } = await load("better-auth");
  const { toNodeHandler } = await load("better-auth/node");
  const { memoryAdapter } = await load("better-auth/adapters/memory");
  const auth = betterAuth({
    baseURL: `http://${host}:${port}`, secret: "lab-only-secret-of-forty-two-characters-00", database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    emailAndPassword: { enabled: true, requireEmailVerification: false }, logger: { disabled: true }, rateLimit: { enabled: false },
  });
  createServer(toNodeHandler(auth)).listen(Number(port), host);
}

const apps = { "hapi-jwt": hapi, feathers, "restify-jwt": restify, "yoga-jwt": yoga, nestjs: nest, trpc, elysia, "fastify-keys": fastifyKeys,
  "oauth-server": oauthServer, "better-auth": betterAuth };
await apps[name]();
