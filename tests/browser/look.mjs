// Looks at a page as many people see it: accessibility, fit, pictures. The page stays as it was.

import { mkdirSync } from "node:fs";
import { axeSource } from "./browser.mjs";
import { check, description, expect } from "./story.mjs";

const DESKTOP = { width: 1280, height: 800 };
const SMALL = { width: 320, height: 640 };
// 1280 × 1024 at 400 % (WCAG 2.2, 1.4.10).
const ZOOMED = { width: 320, height: 256 };
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Checks and pictures of one state. `again`: it may be loaded again, so German can be asked for too. */
export async function look(page, state, { again = false, language = "en" } = {}) {
  await looks(page, state, language);
  if (!again) {
    return;
  }
  const other = language === "en" ? "de" : "en";
  await speak(page, other);
  await check(`${state}: speaks ${other}`, async () => {
    const said = await page.locator("html").getAttribute("lang");
    expect(said === other, `it speaks ${said}`);
  });
  await looks(page, state, other);
  await speak(page, language);
}

/** Loads the page again in another language. */
async function speak(page, language) {
  await hear(page, language);
  await page.reload();
}

/** The language of whatever is loaded from now on. */
export const hear = (page, language) => page.setExtraHTTPHeaders({ "accept-language": language });

/** Pictures of the answer to a button, which cannot be loaded again: each time `lead` leads to the button, in English. */
export async function lookAtAnswer(page, state, lead, press) {
  for (const language of ["en", "de"]) {
    await lead();
    await hear(page, language);
    await press();
    await check(`${state}: speaks ${language}`, () => page.locator(`html[lang=${language}]`).waitFor(), page);
    await look(page, state, { language });
    await hear(page, "en");
  }
}

async function looks(page, state, language) {
  const named = `${state} (${language})`;
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await check(`${named}: axe finds nothing, ${scheme}`, () => axe(page), page);
  }
  for (const [what, size, text] of FITS) {
    await page.setViewportSize(size);
    await enlarge(page, text);
    await check(`${named}: nothing sticks out, ${what}`, () => fits(page), page);
  }
  await enlarge(page, 100);
  for (const shot of description.full ? ALL : FEW) {
    await picture(page, state, language, shot);
  }
  await page.emulateMedia({ colorScheme: "light" });
  await enlarge(page, 100);
  await page.setViewportSize(DESKTOP);
}

const FITS = [
  ["320 px", SMALL, 100],
  ["320 px, text at 200 %", SMALL, 200],
  ["400 %", ZOOMED, 100],
  ["text at 200 %", DESKTOP, 200],
];

const FEW = [
  { scheme: "light", size: DESKTOP, text: 100 },
  { scheme: "dark", size: SMALL, text: 100 },
];

const ALL = ["light", "dark"].flatMap((scheme) =>
  [DESKTOP, SMALL].flatMap((size) => [100, 200].map((text) => ({ scheme, size, text }))),
);

/** No script runs in a page without: what such a person sees is read aloud in a browser that has one. */
async function axe(page) {
  if (page.context().script) {
    return runAxe(page);
  }
  const html = await page.evaluate(() => {
    const copy = document.documentElement.cloneNode(true);
    copy.querySelectorAll("script").forEach((script) => script.remove());
    copy.querySelectorAll("noscript").forEach((part) => part.replaceWith(...part.childNodes));
    return copy.outerHTML;
  });
  const { colorScheme } = await page.evaluate(() => ({
    colorScheme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light",
  }));
  const context = await page.context().browser().newContext({ colorScheme });
  try {
    const reader = await context.newPage();
    const body = `<!doctype html>${html}`;
    await reader.route(page.url(), (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body }));
    await reader.goto(page.url());
    await runAxe(reader);
  } finally {
    await context.close();
  }
}

async function runAxe(page) {
  await page.evaluate(`if (!window.axe) { ${axeSource} }`);
  const found = await page.evaluate(
    async (values) => {
      const { violations } = await window.axe.run(document, { runOnly: { type: "tag", values } });
      return violations.map(({ id, help, nodes }) => `${id}: ${help} – ${nodes.map((node) => node.html).join(" ")}`);
    },
    TAGS,
  );
  expect(found.length === 0, () => found.join("\n"));
}

/** The text size that a person has set; the pages take all measures from it. */
const enlarge = (page, percent) =>
  page.evaluate((size) => document.documentElement.style.setProperty("font-size", size), `${percent}%`);

async function fits(page) {
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const out = [...document.querySelectorAll("body *")].filter((element) => {
      const box = element.getBoundingClientRect();
      // What is for screen readers only may lie anywhere; parts of a drawing lie inside the drawing.
      return box.width > 1 && !element.closest(".unseen") && (box.right > width + 0.5 || box.left < -0.5);
    });
    const cut = [...document.querySelectorAll("button, a, h1, h2, dd, p")].filter(
      (element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1,
    );
    return {
      scrolls: document.documentElement.scrollWidth - width,
      out: [...new Set([...out, ...cut])].map((element) => `${element.tagName} “${element.textContent.slice(0, 40)}”`),
    };
  });
  expect(wide.scrolls <= 0 && wide.out.length === 0, () => `${wide.scrolls} px too wide: ${wide.out.join(", ")}`);
}

async function picture(page, state, language, { scheme, size, text }) {
  const folder = `${description.screens}/${state.replace(/[^a-z0-9]+/g, "-")}`;
  mkdirSync(folder, { recursive: true });
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize(size);
  await enlarge(page, text);
  await page.screenshot({ path: `${folder}/${language}-${size.width}-${text}-${scheme}.png`, fullPage: true });
}

/** Nothing that a page did was heard. */
export const silent = (context, what = description.chapter) =>
  check(`${what}: the pages were silent`, async () => {
    expect(context.noises.length === 0, () => context.noises.join("\n"));
  });
