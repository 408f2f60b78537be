// Markup in every field that a page shows, foreign frames, strange browsers, going back, no cookies, a wrong clock.

import { createServer } from "node:http";
import { mkdirSync, writeFileSync } from "node:fs";
import { listen, openProfile } from "../browser.mjs";
import { enrol, invitationLink, person } from "../enrol.mjs";
import { look, silent } from "../look.mjs";
import { begin, field, name, number, press, reads, signedIn } from "../person.mjs";
import { check, description, expect, server } from "../story.mjs";

const { origin, sp } = description;
const MARKUP = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;
const HOUR = 3_600_000;

export async function play(browser) {
  await theWatchHears(browser);
  const phone = await markup(browser);
  await frames(browser);
  await strangeBrowser(browser, phone);
  await backAndReload(browser, phone);
  await withoutCookies();
  await clocks(browser, phone);
}

/** The control: what the pages must never do is heard when it is done. */
async function theWatchHears(browser) {
  const context = await browser.visit();
  const page = await context.newPage();
  await page.goto(`${origin}/e`);
  await page.evaluate(() => {
    document.body.append(Object.assign(document.createElement("script"), { textContent: "alert(1)" }));
  });
  await check("the watch hears a page that breaks its own policy", async () => {
    await page.waitForFunction(() => true);
    expect(context.noises.some((noise) => noise.includes("Content Security Policy")), context.noises.join("\n"));
  });
  await context.close();
}

/** The server's name and the application's hold markup already; here come the person's, and the browser's own. */
async function markup(browser) {
  const account = `mallory${MARKUP}@example.com`;
  await server("user", "add", account, "--name", MARKUP);
  const context = await browser.visit({ userAgent: `Firefox/1 ${MARKUP}` });
  const page = await context.newPage();
  const phone = await enrol(page, account, "mallory");
  await begin(page, sp, `/"><script>alert(3)</script>&amp;<b>'x'`);
  await inert(page, "sign-in");
  await name(page, account);
  await inert(page, "waiting");
  await check("markup: the account stands there as it was typed", async () => {
    const shown = await page.locator("dd").allInnerTexts();
    expect(shown.includes(account) && shown.includes(sp.name), shown.join(" | "));
  }, page);
  await look(page, "hostile waiting");
  const prompt = await phone.prompt();
  await check("markup: the phone shows a browser in the server's own words", async () => {
    const shown = JSON.stringify(prompt.rows);
    expect(shown.includes("Firefox") && !shown.includes("Firefox/1"), shown);
  });
  await check("markup: the application gets back what it gave along, to the byte", async () => {
    await phone.run("approve", prompt.id, "--number", await number(page));
    const said = await signedIn(page, sp, account);
    expect(said.includes(`/"><script>alert(3)</script>&amp;<b>'x'`), said);
  }, page);
  await page.context().clearCookies();
  await begin(page, sp);
  await name(page, account);
  await press(page, "Cancel");
  await reads(page, "Cancelled");
  await inert(page, "end");
  await silent(context, "markup");
  await context.close();
  return { phone, account };
}

/** Nothing but the page's own elements stands there. */
const inert = (page, state) =>
  check(`markup: nothing of it becomes part of the page, ${state}`, async () => {
    const foreign = await page.evaluate(() =>
      [...document.querySelectorAll("script, img, iframe, b, [onerror]")].filter(
        (element) => !(element.tagName === "SCRIPT" && element.getAttribute("src") === "/assets/page.js"),
      ).map((element) => element.outerHTML),
    );
    expect(foreign.length === 0, foreign.join("\n"));
    expect((await page.title()).includes("<script>"), `the title is ${await page.title()}`);
  }, page);

/** A page of somebody else's that puts ours into a frame. */
async function frames(browser) {
  const context = await browser.visit();
  const page = await context.newPage();
  const account = await person("nina");
  await invitationLink(page, account);
  const invitation = page.url();
  await begin(page, sp);
  const addresses = { "sign-in": page.url(), invitation, link: `${origin}/e`, control: "/inner" };
  const html = Object.entries(addresses).map(([what, url]) => `<iframe name="${what}" src="${url}"></iframe>`).join("");
  const relay = createServer((asked, answer) => {
    answer.setHeader("Content-Type", "text/html");
    answer.end(`<!doctype html><title>relay</title>${asked.url === "/inner" ? "inner" : html}`);
  });
  await new Promise((done) => relay.listen(0, "127.0.0.1", done));
  await page.goto(`http://127.0.0.1:${relay.address().port}/`);
  for (const what of Object.keys(addresses)) {
    await check(what === "control" ? "the control: other pages can be framed" : `${what} cannot be framed`, async () => {
      const { url, text } = await framed(page, what);
      const refused = url === "chrome-error://chromewebdata/";
      expect(what === "control" ? text.includes("inner") : refused, `the frame holds ${url}: ${text}`);
    });
  }
  await context.close();
  relay.close();
}

async function framed(page, name) {
  const element = await page.locator(`iframe[name="${name}"]`).elementHandle();
  const frame = await element.contentFrame();
  return { url: frame.url(), text: await frame.locator("body").innerText() };
}

/** The address of a waiting page in a second browser. */
async function strangeBrowser(browser, { phone, account }) {
  const own = await browser.visit();
  const page = await own.newPage();
  await begin(page, sp);
  await name(page, account);
  const shown = await number(page);
  for (const [how, prepare] of [
    ["without a cookie", async () => {}],
    ["in another session", async (other) => begin(other, sp)],
  ]) {
    const strange = await browser.visit();
    const other = await strange.newPage();
    await prepare(other);
    await check(`a second browser ${how} gets nothing`, async () => {
      await other.goto(page.url());
      await other.locator("h1", { hasText: /Cookies are needed|This sign-in is over/ }).waitFor();
      const html = await other.content();
      expect(!html.includes(">" + shown + "<") && !html.includes("mallory"), html);
    }, other);
    await strange.close();
  }
  await check("the first browser is signed in all the same", async () => {
    const { id } = await phone.prompt();
    await phone.run("approve", id, "--number", shown);
    await signedIn(page, sp, account);
  }, page);
  await own.close();
}

async function backAndReload(browser, { phone, account }) {
  const context = await browser.visit();
  const page = await context.newPage();
  await page.goto(sp.url);
  await begin(page, sp);
  await check("loaded again, the sign-in page asks again", async () => {
    await page.reload();
    await field(page).waitFor();
  }, page);
  await check("gone back and forth, the sign-in page asks again", async () => {
    await page.goBack();
    await page.goForward();
    await field(page).waitFor();
  }, page);
  await name(page, account);
  const shown = await number(page);
  const address = page.url();
  await check("loaded again, the waiting page shows the same number", async () => {
    await page.reload();
    expect((await number(page)) === shown, "another number");
  }, page);
  await check("gone back and forth, the waiting page shows the same number", async () => {
    await page.goBack();
    await page.goto(address);
    expect((await number(page)) === shown, "another number");
  }, page);
  const { id } = await phone.prompt();
  await phone.run("approve", id, "--number", shown);
  await signedIn(page, sp, account);
  await check("the phone was asked once", async () => {
    const { events } = await phone.run("pending");
    expect(!JSON.stringify(events).includes('"id"'), JSON.stringify(events));
  });
  await check("back from the application, the sign-in is over and nothing is handed out again", async () => {
    await page.goto(address);
    await reads(page, "Continued elsewhere");
    await page.reload();
    await reads(page, "Continued elsewhere");
  }, page);
  await check("a response that is sent twice is believed once", async () => {
    await page.context().clearCookies();
    await begin(page, sp);
    await name(page, account);
    const next = await phone.prompt();
    await phone.run("approve", next.id, "--number", await number(page));
    await signedIn(page, sp, account);
    await page.reload();
    expect((await page.locator("body").innerText()).includes("You are not signed in."), "it is believed twice");
  }, page);
  await silent(context, "back and reload");
  await context.close();
}

/** A profile whose person has all cookies refused. */
async function withoutCookies() {
  const folder = `${description.folder}/no-cookies`;
  mkdirSync(`${folder}/Default`, { recursive: true });
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
  writeFileSync(`${folder}/Default/Preferences`, JSON.stringify(preferences));
  const context = await openProfile(folder);
  context.script = true;
  const noises = listen(context);
  const page = await context.newPage();
  await check("without cookies the sign-in says that they are needed", async () => {
    await begin(page, sp);
    await reads(page, "Cookies are needed");
  }, page);
  await look(page, "problem cookies refused");
  const account = await person("olga");
  await check("without cookies the invitation says that they are needed", async () => {
    const { page: address } = await server("invite", account);
    await page.goto(address);
    await press(page, "Show the code");
    await reads(page, "Cookies are needed");
  }, page);
  await check("without cookies the pages are silent", async () => expect(noises.length === 0, noises.join("\n")));
  await context.close();
}

/** Browsers whose clock is an hour off. */
async function clocks(browser, { phone, account }) {
  for (const [how, shift] of [["slow", -HOUR], ["fast", HOUR]]) {
    const context = await browser.visit();
    await context.clock.install({ time: Date.now() + shift });
    const page = await context.newPage();
    await check(`a clock that is an hour ${how} changes nothing`, async () => {
      const off = await page.evaluate(() => Date.now());
      expect(Math.abs(off - Date.now()) > HOUR / 2, "the clock is right");
      await begin(page, sp);
      await name(page, account);
      const left = await page.locator(".clock span").first().innerText();
      expect(/^([12] min|\d+ s)/.test(left.replaceAll("\u00a0", " ")), `the time left is “${left}”`);
      const { id } = await phone.prompt();
      await phone.run("approve", id, "--number", await number(page));
      await signedIn(page, sp, account);
    }, page);
    await silent(context, `a clock that is ${how}`);
    await context.close();
  }
}
