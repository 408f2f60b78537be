// Chromium, and a watch on everything that a page may do behind a person's back.

import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { description } from "./story.mjs";

const libraries = createRequire(`${description.modules}/`);
const { chromium } = libraries("playwright-core");

/** The source of axe-core, to be run inside a page. */
export const axeSource = libraries("axe-core").source;

const PATIENCE = 30_000;
const EXECUTABLE = "/usr/bin/chromium";

/** The one certificate of this run is taken by the hash of its key; whatever else is wrong with TLS stays an error. */
function certificateKey() {
  const certificate = new X509Certificate(readFileSync(description.certificate));
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}

const options = {
  executablePath: EXECUTABLE,
  headless: true,
  chromiumSandbox: false,
  timeout: PATIENCE,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--ignore-certificate-errors-spki-list=${certificateKey()}`,
  ],
};

/** Chromium with nobody in it yet: `visit` opens it for one person. */
export async function openBrowser() {
  const chrome = await chromium.launch(options);
  return { visit: (how) => visit(chrome, how), close: () => chrome.close() };
}

/** A browser with a profile of its own, as somebody has set it up. */
export const openProfile = (folder) => chromium.launchPersistentContext(folder, { ...options });

/** A browser that nobody used before: `script`, `language`, and more as Playwright takes it. */
async function visit(chrome, { script = true, language = "en", ...more } = {}) {
  const context = await chrome.newContext({
    javaScriptEnabled: script,
    extraHTTPHeaders: { "accept-language": language },
    viewport: { width: 1280, height: 800 },
    colorScheme: "light",
    ...more,
  });
  context.setDefaultTimeout(PATIENCE);
  context.script = script;
  context.noises = listen(context);
  return context;
}

/** All that a page should never do: say something, complain, ask, fail, or be stopped by its own policy. */
export function listen(context) {
  const noises = [];
  const note = (page, what) => noises.push(`${new URL(page.url()).pathname}: ${what}`);
  context.on("page", (page) => {
    page.on("dialog", (dialog) => {
      note(page, `dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
    page.on("pageerror", (error) => note(page, `error: ${error.message}`));
    page.on("popup", () => note(page, "a window opened"));
    page.on("download", () => note(page, "a download began"));
    page.on("console", (message) => {
      // A page that says what went wrong has a status that says so too.
      if (!/^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text())) {
        note(page, `console: ${message.text()}`);
      }
    });
  });
  return noises;
}
