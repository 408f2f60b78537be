// A small web application that lets people in by SAML and by nothing else: tests/sp/sp.py once more, on node-saml.
//
//     sp.js SETTINGS.json
//
// Besides provider.js's settings the file holds `name`, `port`, `tls_cert` and `tls_key` (paths). It serves TLS on
// loopback, says {"listening": URL} on standard output when it is ready, and ends when its standard input closes, so it
// never outlives the run that started it.
//
// `/` has the button, `/login?relay=…` begins (`&passive=1`: without showing anything), the path of the ACS receives.
// With `Accept: application/json` the ACS answers in JSON.
"use strict";

const { randomBytes } = require("node:crypto");
const { readFileSync } = require("node:fs");
const https = require("node:https");
const { Provider, readSettings } = require("./provider.js");

const MAX_BODY = 1 << 20;
const MAX_SESSIONS = 10_000;

const settings = readSettings(process.argv[2]);
const provider = new Provider(settings);
/** Browsers keep cookies by host and not by port: two applications on `localhost` need two names. */
const cookie = `__Host-sp-${settings.port}`;
/** Which browser began which login. */
const begun = new Map();

async function begin(url, answer) {
  const passive = url.searchParams.has("passive");
  const { location, form, requestId } = await provider.login(url.searchParams.get("relay") ?? "/", passive);
  const session = randomBytes(24).toString("base64url");
  while (begun.size >= MAX_SESSIONS) {
    begun.delete(begun.keys().next().value);
  }
  begun.set(session, requestId);
  // The answer comes as a POST from another site, so the cookie has to travel there.
  answer.setHeader("Set-Cookie", `${cookie}=${session}; Path=/; Secure; HttpOnly; SameSite=None`);
  if (location) {
    answer.writeHead(302, { Location: location }).end();
  } else {
    // The page is node-saml's, and sends itself by a script of its own.
    answer.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(form);
  }
}

/** A request is answered once: node-saml forgets it with its first answer, good or bad. */
async function finish(request, answer) {
  const body = await bodyOf(request);
  if (body === null) {
    answer.setHeader("Connection", "close");
    page(answer, 413, "This form is too large.", "");
    return;
  }
  const fields = new URLSearchParams(body);
  const session = sessionOf(request);
  const requestId = begun.get(session);
  const verdict = await provider.judge(fields.get("SAMLResponse") ?? "", requestId, fields.get("RelayState"));
  if (verdict.errors.length === 0) {
    begun.delete(session);
  }
  const status = verdict.errors.length === 0 ? 200 : 403;
  if ((request.headers.accept ?? "").includes("application/json")) {
    reply(answer, status, "application/json", JSON.stringify(verdict));
  } else if (status === 403) {
    page(answer, status, "You are not signed in.", rows([["Reason", verdict.reason]]));
  } else {
    const shown = [
      ["Signed in how", verdict.authn_context],
      ["Format of the name", verdict.name_id_format],
      ["Came back with", verdict.relay_state],
      ...Object.entries(verdict.attributes),
    ];
    page(answer, status, `Signed in as ${verdict.name_id}`, rows(shown));
  }
}

async function bodyOf(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > MAX_BODY) {
      return null;
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function sessionOf(request) {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim().split("="));
  return pairs.find(([name]) => name === cookie)?.[1];
}

async function handle(request, answer) {
  const url = new URL(request.url, settings.acs);
  if (request.method === "GET" && url.pathname === "/") {
    page(answer, 200, "You are not signed in.", '<p><a href="/login">Sign in with Countersign</a></p>');
  } else if (request.method === "GET" && url.pathname === "/login") {
    await begin(url, answer);
  } else if (request.method === "POST" && url.pathname === provider.path) {
    await finish(request, answer);
  } else {
    page(answer, 404, "There is no such page.", "");
  }
}

function page(answer, status, title, inner) {
  const name = escape(settings.name);
  const head = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title>`;
  const text = `${head}<h1>${name}</h1><p>${escape(title)}</p>${inner}</html>`;
  reply(answer, status, "text/html; charset=utf-8", text);
}

function reply(answer, status, kind, text) {
  answer.writeHead(status, {
    "Content-Type": kind,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
  });
  answer.end(text);
}

function rows(pairs) {
  const cells = pairs.map(([key, value]) => `<dt>${escape(key)}</dt><dd>${escape(value)}</dd>`);
  return `<dl>${cells.join("")}</dl>`;
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escape(value) {
  return String(value).replace(/[&<>"']/g, (sign) => ENTITIES[sign]);
}

const tls = {
  minVersion: "TLSv1.2",
  cert: readFileSync(settings.tls_cert),
  key: readFileSync(settings.tls_key),
};
const server = https.createServer(tls, (request, answer) => {
  handle(request, answer).catch((error) => {
    console.error(error);
    answer.destroy();
  });
});
server.listen(settings.port, "127.0.0.1", () => {
  console.log(JSON.stringify({ listening: `https://localhost:${settings.port}/` }));
});
process.stdin.resume();
process.stdin.on("end", () => process.exit());
