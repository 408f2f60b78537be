// Pages that need no phone: sign-in, waiting, invitation, and what went wrong.

import { randomBytes } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { look, lookAtAnswer, silent } from "../look.mjs";
import { begin, field, name, press, reads } from "../person.mjs";
import { check, description, expect, invite, jam, server } from "../story.mjs";

const { origin, sp, account } = description;

let names = 0;

/** A name that nobody has: its pages look like any other's. */
const somebody = () => `nobody-${(names += 1)}@example.com`;

export async function play(browser) {
  await signIn(browser);
  await withoutScript(browser);
  await invitation(browser);
  await problems(browser);
  await fault(browser);
}

async function signIn(browser) {
  const context = await browser.visit();
  const page = await context.newPage();
  await begin(page, sp);
  await look(page, "sign-in", { again: true });
  await press(page, "Continue");
  await check("a name that is missing is asked for, and the cursor stands there", async () => {
    await reads(page, `Sign in to ${sp.name}`);
    expect((await page.locator(".error").innerText()) === "Enter your e-mail.", "no error");
    const at = await page.evaluate(() => document.activeElement.id);
    expect(at === "account", `the cursor stands on “${at}”`);
  }, page);
  await lookAtAnswer(page, "sign-in empty", () => begin(page, sp), () => press(page, "Continue"));
  const ask = async () => {
    // A session begins one request in 30 s, and strangers have one open for a name.
    await context.clearCookies();
    await begin(page, sp);
    await name(page, somebody());
  };
  const cancel = async () => {
    await ask();
    await press(page, "Cancel");
    await reads(page, "Cancelled");
  };
  await ask();
  await look(page, "waiting", { again: true });
  const soon = async (label) => {
    await press(page, label);
    await page.locator("p.error").waitFor();
  };
  await lookAtAnswer(page, "waiting too soon", ask, () => soon("Send again"));
  await cancel();
  await look(page, "end cancelled", { again: true });
  await lookAtAnswer(page, "end cancelled too soon", cancel, () => soon("Start again"));
  await silent(context);
  await context.close();
}

async function withoutScript(browser) {
  const context = await browser.visit({ script: false });
  const page = await context.newPage();
  await begin(page, sp);
  await name(page, somebody());
  await check("without script there is a button to look again", async () => {
    await press(page, "Check now");
    await reads(page, "Confirm on your phone");
  }, page);
  await look(page, "waiting without script", { again: true });
  await silent(context);
  await context.close();
}

async function invitation(browser) {
  const context = await browser.visit();
  const page = await context.newPage();
  await page.goto(await invite(account));
  await look(page, "invitation closed", { again: true });
  await press(page, "Show the code");
  await page.locator("svg.qr").waitFor();
  await look(page, "invitation scan", { again: true });
  const link = await page.getByRole("link").getAttribute("href");
  await page.goto(link);
  await look(page, "link without app", { again: true });
  await silent(context);
  await context.close();

  const plain = await browser.visit({ script: false });
  const other = await plain.newPage();
  await other.goto(await invite(account));
  await press(other, "Show the code");
  await other.locator("svg.qr").waitFor();
  await look(other, "invitation scan without script", { again: true });
  await plain.close();
}

async function problems(browser) {
  const context = await browser.visit();
  const page = await context.newPage();
  await server("app", "add", "unready", "--name", "Unready", "--entity-id", "urn:example:unready");
  const stranger = await browser.visit();
  const other = await stranger.newPage();
  await begin(other, sp);
  const foreign = new URL(other.url()).pathname;
  await stranger.close();
  for (const [state, path, heading] of [
    ["problem nothing here", "/i/AAAAAAAAAAAAAAAAAAAAAA", "Nothing here"],
    ["problem not understood", "/saml/sso?SAMLRequest=x", "Request not understood"],
    ["problem not ready", requestOf("urn:example:unready"), "Not set up yet"],
    ["problem cookies", foreign, "Cookies are needed"],
    ["problem sign-in over", foreign, "This sign-in is over"],
  ]) {
    if (state === "problem sign-in over") {
      await begin(page, sp);
    }
    await page.goto(origin + path);
    await check(`${state}: says so`, () => reads(page, heading), page);
    await look(page, state, { again: true });
  }
  await silent(context);
  await context.close();
}

/** A request as an application sends it. */
function requestOf(issuer) {
  const protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
  const assertion = "urn:oasis:names:tc:SAML:2.0:assertion";
  const id = `_${randomBytes(16).toString("hex")}`;
  const xml =
    `<p:AuthnRequest xmlns:p="${protocol}" xmlns:a="${assertion}" ID="${id}" Version="2.0" ` +
    `IssueInstant="${new Date().toISOString()}"><a:Issuer>${issuer}</a:Issuer></p:AuthnRequest>`;
  return `/saml/sso?${new URLSearchParams({ SAMLRequest: deflateRawSync(xml).toString("base64") })}`;
}

/** The server's own fault: somebody else holds its database. It says so, and goes on afterwards. */
async function fault(browser) {
  const languages = description.full ? ["en", "de"] : ["en"];
  for (const language of languages) {
    const context = await browser.visit({ language });
    const page = await context.newPage();
    await begin(page, sp);
    const address = page.url();
    const release = await jam();
    await field(page).fill(account);
    await page.locator("main form button").click();
    await check(`fault: the server says that it is its own, and where to look (${language})`, async () => {
      await page.locator("p.hint", { hasText: /^Refere(nce|nz) \S+$/ }).waitFor();
      expect(!(await page.content()).includes("database"), "it says too much");
    }, page);
    await look(page, "end fault", { language });
    await release();
    await check(`fault: afterwards the sign-in goes on (${language})`, async () => {
      await page.goto(address);
      await name(page, somebody());
    }, page);
    await context.close();
  }
}
