// The Node servers of the lab: node_apps.mjs NAME PORT. Each answers as its library does by default, or as its documentation shows.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

// ES modules are looked up beside the importing file; the lab installs into a temporary folder instead.
const require = createRequire(process.env.LAB_NODE + "/index.js");
const [name, portText] = process.argv.slice(2);
const port = Number(portText);
const keys = process.env.LAB_KEYS;
const ISS = "https://id.shop.example/";
const AUD = "https://orders.shop.example";
const HS = readFileSync(`${keys}/hs-a.secret`, "utf8");
// One instance of a pool was deployed with another key.
const RSA = readFileSync(`${keys}/rsa-${name.endsWith("-stale") ? "b" : "a"}.pub.pem`, "utf8");

function app({ log = true } = {}) {
  const express = require("express");
  const server = express();
  if (log && process.env.LAB_LOG) {
    const pino = require("pino");
    const options = { base: { pid: process.pid, hostname: "orders-1" } };
    const sink = pino.destination({ dest: process.env.LAB_LOG, sync: true });
    server.use(require("pino-http")({ logger: pino(options, sink) }));
  }
  return [server, express];
}

function listen(server) {
  server.listen(port, "127.0.0.1");
}

function reads(server, ...guards) {
  server.get(["/orders", "/me"], ...guards, (req, res) => res.json({ sub: (req.auth ?? req.user ?? {}).sub, orders: [] }));
}

// The documented handler of express-jwt passes the error on; `words` shows code and message, else Express's own production page answers.
function expressJwt(words) {
  const { expressjwt } = require("express-jwt");
  const [server, express] = app();
  const revoked = new Set();
  const guard = expressjwt({
    secret: RSA, algorithms: ["RS256"], audience: AUD, issuer: ISS,
    isRevoked: (_req, token) => revoked.has(token.payload.jti),
  });
  server.use("/public", express.static("/nonexistent"));
  reads(server, guard);
  server.post("/logout", guard, (req, res) => {
    revoked.add(req.auth.jti);
    res.status(204).end();
  });
  server.get("/admin/users", guard, (req, res) => {
    if (!(req.auth.roles ?? []).includes("admin")) return res.sendStatus(403);
    res.json({ users: [] });
  });
  if (words) {
    server.use((err, _req, res, _next) => res.status(err.status ?? 500).json({ code: err.code, message: err.message }));
  }
  listen(server);
}

// The well-known middleware: 401 without a token, 403 for one that does not verify.
function jsonwebtoken(words) {
  const jwt = require("jsonwebtoken");
  const [server, express] = app();
  const dead = new Set();
  const options = words ? { algorithms: ["HS256"], audience: AUD, issuer: ISS } : { algorithms: ["HS256"] };
  function guard(req, res, next) {
    const header = req.headers.authorization;
    const token = header && header.split(" ")[1];
    if (token == null) return res.sendStatus(401);
    jwt.verify(token, HS, options, (err, user) => {
      if (err) return words ? res.status(401).json(err) : res.sendStatus(403);
      if (dead.has(token)) return words ? res.status(401).json({ message: "Unauthorized" }) : res.sendStatus(403);
      req.user = user;
      next();
    });
  }
  reads(server, guard);
  server.post("/logout", guard, (req, res) => {
    dead.add(req.headers.authorization.split(" ")[1]);
    res.sendStatus(204);
  });
  server.get("/admin/users", guard, (req, res) => {
    if (!(req.user.roles ?? []).includes("admin")) return res.sendStatus(403);
    res.json({ users: [] });
  });
  server.post("/token", express.json(), (req, res) => {
    const { token } = req.body;
    if (token == null) return res.sendStatus(401);
    if (!token.startsWith("rt.") || dead.has(token)) return res.sendStatus(403);
    const claims = { sub: token.split(".")[1], jti: Math.random().toString(16).slice(2) };
    res.json({ accessToken: jwt.sign(claims, HS, { expiresIn: "1h", issuer: ISS, audience: AUD }) });
  });
  server.delete("/token", express.json(), (req, res) => {
    dead.add(req.body.token);
    res.sendStatus(204);
  });
  listen(server);
}

// jose with a remote key set: the error's code and message are shown; `lenient` checks neither audience nor issuer.
function jose(lenient) {
  const { createRemoteJWKSet, jwtVerify } = require("jose");
  const [server] = app();
  const keySet = createRemoteJWKSet(new URL(process.env.LAB_JWKS), { cooldownDuration: 300, cacheMaxAge: 1000, timeoutDuration: 800 });
  const options = lenient ? { clockTolerance: "1d" } : { audience: AUD, issuer: ISS, requiredClaims: ["exp", "sub"] };
  async function guard(req, res, next) {
    const match = /^bearer +(\S+)/i.exec(req.headers.authorization ?? "");
    if (!match) {
      return res.status(401).set("www-authenticate", 'Bearer realm="orders"').json({ message: "Bearer token required" });
    }
    try {
      const { payload } = await jwtVerify(match[1], keySet, options);
      req.user = payload;
      next();
    } catch (err) {
      const status = err.code === "ERR_JWKS_TIMEOUT" || err.code === "ERR_JOSE_GENERIC" ? 503 : 401;
      res.status(status).json({ code: err.code ?? err.name, message: err.message });
    }
  }
  reads(server, guard);
  listen(server);
}

function passportJwt() {
  const passport = require("passport");
  const { Strategy, ExtractJwt } = require("passport-jwt");
  const { BasicStrategy } = require("passport-http");
  const [server, express] = app();
  const gone = new Set();
  passport.use(new Strategy({
    jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: HS, issuer: ISS, audience: AUD,
  }, (payload, done) => (gone.has(payload.sub) ? done(null, false) : done(null, payload))));
  passport.use(new BasicStrategy((user, password, done) =>
    done(null, user === "ann" && password === "correct horse" ? { sub: user } : false)));
  reads(server, passport.authenticate("jwt", { session: false }));
  server.get("/reports", passport.authenticate("basic", { session: false }), (_req, res) => res.json({ reports: [] }));
  server.delete("/users/:id", (req, res) => {
    gone.add(req.params.id);
    res.sendStatus(204);
  });
  listen(server);
}

function oauth2Bearer() {
  const { auth, requiredScopes, claimIncludes } = require("express-oauth2-jwt-bearer");
  const [server, express] = app();
  const guard = auth({ issuer: ISS, audience: AUD, jwksUri: process.env.LAB_JWKS });
  reads(server, guard);
  server.post("/orders", guard, requiredScopes("orders:write"), (_req, res) => res.json({ id: 1 }));
  server.get("/admin/users", guard, claimIncludes("roles", "admin"), (_req, res) => res.json({ users: [] }));
  listen(server);
}

async function fastifyJwt() {
  const server = require("fastify")();
  await server.register(require("@fastify/jwt"), {
    secret: HS, verify: { algorithms: ["HS256"], allowedAud: AUD, allowedIss: ISS, requiredClaims: ["exp"] },
    trusted: (_request, token) => !denied.has(token.jti),
  });
  const denied = new Set();
  server.addHook("onRequest", (request) => request.jwtVerify());
  for (const path of ["/orders", "/me"]) server.get(path, async (request) => ({ sub: request.user.sub }));
  server.post("/logout", async (request) => {
    denied.add(request.user.jti);
    return { ok: true };
  });
  await server.listen({ port, host: "127.0.0.1" });
}

function koaJwt() {
  const Koa = require("koa");
  const server = new Koa();
  server.silent = true;
  server.use(require("koa-jwt")({ secret: HS, audience: AUD, issuer: ISS, cookie: "token" }));
  server.use((ctx) => {
    ctx.body = { sub: ctx.state.user.sub };
  });
  server.listen(port, "127.0.0.1");
}

// Sessions, anti-forgery, rate limit, redirects and a cross-origin API: what stands around tokens in a web application.
function web() {
  const session = require("express-session");
  const csrf = require("csurf");
  const { rateLimit } = require("express-rate-limit");
  const cors = require("cors");
  const { expressjwt } = require("express-jwt");
  const [server, express] = app();
  const other = process.env.LAB_OTHER_PORT;
  server.get("/old/{*rest}", (req, res) => res.redirect(302, `http://localhost:${port}${req.url.slice(4)}`));
  server.get("/moved/{*rest}", (req, res) => res.redirect(307, req.url.slice(6)));
  server.use("/shop", session({ secret: "lab", resave: false, saveUninitialized: false, cookie: { maxAge: 3000 } }));
  server.use("/shop", express.urlencoded({ extended: false }));
  server.get("/shop/login", (_req, res) => res.type("html").send('<!doctype html><title>Sign in</title><form method="post"><input name="user"><input type="password" name="password"></form>'));
  server.post("/shop/login", (req, res) => {
    if (req.body.password !== "correct horse") return res.status(401).type("html").send("<p>Invalid username or password");
    req.session.user = req.body.user;
    res.redirect(303, "/shop/account");
  });
  server.get("/shop/account", (req, res) => (req.session.user ? res.type("html").send("<h1>Account</h1>") : res.redirect(302, "/shop/login?next=/shop/account")));
  server.get("/shop/api/cart", (req, res) => (req.session.user ? res.json({ items: [] }) : res.sendStatus(401)));
  server.use("/forms", require("cookie-parser")(), csrf({ cookie: true }));
  server.get("/forms/new", (req, res) => res.json({ csrfToken: req.csrfToken() }));
  server.post("/forms", (_req, res) => res.json({ saved: true }));
  const guard = expressjwt({ secret: RSA, algorithms: ["RS256"], audience: AUD, issuer: ISS });
  const words = (err, req, res, next) => (req.baseUrl + req.path).startsWith("/api/plain") ? next(err) : res.status(err.status ?? 500).json({ code: err.code, message: err.message });
  const page = process.env.LAB_ORIGIN;
  const list = express.Router();
  // Ways to put CORS and authentication together: right, right without words, guard before CORS, origin not on the list, refusals without CORS fields.
  list.use("/right", cors({ origin: page, credentials: true }), guard);
  list.use("/plain", cors({ origin: page }), guard);
  // express-jwt lets preflights pass by itself; passport does not.
  const passport = require("passport");
  const { Strategy, ExtractJwt } = require("passport-jwt");
  passport.use(new Strategy({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: RSA, algorithms: ["RS256"] }, (payload, done) => done(null, payload)));
  list.use("/guardfirst", passport.authenticate("jwt", { session: false }), cors({ origin: page }));
  list.use("/otherorigin", cors({ origin: "https://shop.example" }), guard);
  list.use("/lateheaders", (req, res, next) => (req.method === "OPTIONS" ? cors({ origin: page })(req, res, next) : next()), guard, cors({ origin: page }));
  list.use((req, res) => res.json({ sub: req.auth?.sub, orders: [] }));
  server.use("/api", list, words);
  server.use("/cart", cors({ origin: page, credentials: true }), require("cookie-parser")());
  server.post("/cart/start", (_req, res) => res.cookie("cart_session", "c0ffee5e551047d2a1b3c4d5e6f70819", { httpOnly: true }).json({ ok: true }));
  server.get("/cart/items", (req, res) => (req.cookies.cart_session ? res.json({ items: [] }) : res.sendStatus(401)));
  server.get("/search", rateLimit({ windowMs: 60000, limit: 2 }), guard, (_req, res) => res.json({ hits: [] }));
  reads(server, guard);
  server.use(words);
  listen(server);
}

async function oidc() {
  const { default: Provider } = await import(require.resolve("oidc-provider"));
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [
      { client_id: "web", client_secret: "web-test-secret", grant_types: ["authorization_code", "refresh_token"], redirect_uris: ["http://127.0.0.1/cb"] },
      { client_id: "batch", client_secret: "batch-test-secret", scope: "orders:read", grant_types: ["client_credentials"], redirect_uris: [], response_types: [] },
      { client_id: "tv", token_endpoint_auth_method: "none", grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"], redirect_uris: [], response_types: [] },
    ],
    scopes: ["openid", "offline_access", "orders:read"],
    features: { clientCredentials: { enabled: true }, deviceFlow: { enabled: true }, introspection: { enabled: true }, revocation: { enabled: true } },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
  });
  // A refresh token is planted at start, as if an earlier login had made it.
  const grant = new provider.Grant({ accountId: "u-2001", clientId: "tv" });
  grant.addOIDCScope("openid offline_access");
  const grantId = await grant.save();
  for (const file of ["oidc-refresh-one", "oidc-refresh-two"]) {
    const client = await provider.Client.find("tv");
    const token = new provider.RefreshToken({ accountId: "u-2001", client, grantId, scope: "openid offline_access", gty: "device_code", iiat: Math.floor(Date.now() / 1000) });
    const value = await token.save();
    (await import("node:fs")).writeFileSync(`${keys}/${file}`, value);
  }
  provider.listen(port, "127.0.0.1");
}

const apps = {
  "express-jwt": () => expressJwt(true),
  "express-jwt-plain": () => expressJwt(false),
  jsonwebtoken: () => jsonwebtoken(true),
  "jsonwebtoken-plain": () => jsonwebtoken(false),
  jose: () => jose(false),
  "jose-lenient": () => jose(true),
  "jose-rotating": () => jose(false),
  "express-jwt-behind": () => expressJwt(true),
  "express-jwt-stale": () => expressJwt(true),
  "passport-jwt": passportJwt,
  "express-oauth2-jwt-bearer": oauth2Bearer,
  "fastify-jwt": fastifyJwt,
  "koa-jwt": koaJwt,
  web,
  shop: web,
  "oidc-provider": oidc,
};
await apps[name]();
