// Signing in on the phone itself: the link that opens the app, the way back, and the number as a code.

import { enrol, person } from "../enrol.mjs";
import { hear, look, silent } from "../look.mjs";
import { begin, name, press, reads, signedIn } from "../person.mjs";
import { check, description, expect, server } from "../story.mjs";

const { origin, sp } = description;
const TITLE = "Confirm on this phone";

export async function play(browser) {
  // Two states take the product's own time: they begin first, and are looked at last.
  const slow = await waits(browser, "nobody-1@example.com");
  const [anna, ben] = [await withPhone(browser, "anna"), await withPhone(browser, "ben")];
  const lost = await approved(browser, ben);

  await code(browser);
  await waiting(browser);
  await otherBrowser(browser, lost.back);
  await signIn(browser, anna);
  await withoutScript(browser, anna);
  await links(browser);
  await only(browser, anna);
  await numberInstead(slow);
  // A minute to come back is the product's own time, and more than a page is waited for.
  await lost.page.waitForTimeout(Math.max(0, lost.since + 61_000 - Date.now()));
  await check("approved and not come back: the page says so by itself", () => reads(lost.page, "Not back in time"), lost.page);
  await look(lost.page, "end unreturned", { again: true });
  await silent(lost.context, "not come back");
  await lost.context.close();
}

async function withPhone(browser, who) {
  const account = await person(`same-${who}`);
  const context = await browser.visit();
  const phone = await enrol(await context.newPage(), account, `same-${who}`);
  await context.close();
  return { phone, account };
}

/** A browser that waits for the app of its own device. */
async function waits(browser, account, how) {
  const context = await browser.visit(how);
  const page = await context.newPage();
  await here(page, account);
  return { context, page };
}

async function here(page, account) {
  await begin(page, sp);
  await name(page, account);
  await press(page, "Open on this phone");
  await reads(page, TITLE);
}

const opener = (page) => page.getByRole("link", { name: "Open Countersign" });

/** The person opens the link in the app; what approving it leads to. */
async function approve({ phone }, page) {
  const { events } = await phone.run("open", await opener(page).getAttribute("href"));
  const { id } = events.find((event) => event.event === "prompt");
  if (page.context().script) {
    await check("what the app has is seen on the page", () => page.getByText("Seen on your phone").waitFor(), page);
    await look(page, "same seen");
  }
  const said = await phone.run("approve", id);
  expect(said.good, () => `the phone says ${JSON.stringify(said.events)}`);
  return said.events.find((event) => event.event === "verdict").return;
}

async function approved(browser, who) {
  const { context, page } = await waits(browser, who.account);
  const back = await approve(who, page);
  const since = Date.now();
  await check("an approval alone signs nobody in", () => page.getByText("Approved in Countersign.").waitFor(), page);
  await look(page, "same approved", { again: true });
  return { context, page, back, since };
}

/** The number as a code, on demand. */
async function code(browser) {
  for (const [language, label] of [["en", "Scan the number instead"], ["de", "Zahl stattdessen scannen"]]) {
    const context = await browser.visit({ language });
    const page = await context.newPage();
    await begin(page, sp);
    await name(page, `nobody-code-${language}@example.com`);
    const drawn = page.locator("details svg.qr");
    await check(`the code of the number is shown on demand (${language})`, async () => {
      expect(!(await drawn.isVisible()), "it is there already");
      await page.getByText(label).click();
      await drawn.waitFor();
    }, page);
    await look(page, "waiting code", { language });
    await silent(context, "code");
    await context.close();
  }
}

async function waiting(browser) {
  const { context, page } = await waits(browser, "nobody-2@example.com");
  await check("the page has a link for the app, and no number", async () => {
    const link = await opener(page).getAttribute("href");
    expect(link.startsWith(`${origin}/c#`), link);
    expect((await page.locator("p.number").count()) === 0, "a number");
  }, page);
  await look(page, "same waiting", { again: true });
  await check("loaded again it has the same link", async () => {
    const link = await opener(page).getAttribute("href");
    await page.reload();
    expect((await opener(page).getAttribute("href")) === link, "another link");
  }, page);
  await check("a link that came to a browser offers the app to the browser that waits", async () => {
    await opener(page).click();
    await reads(page, "This is for Countersign");
    const link = await opener(page).getAttribute("href");
    expect(link.startsWith("countersign-id://c#"), link);
  }, page);
  await look(page, "link of a request", { again: true });
  await page.goBack();
  await press(page, "Cancel");
  await reads(page, "Cancelled");
  await silent(context, "on this phone");
  await context.close();
}

/** The way back in a browser that did not begin: nothing is used up, so it may be looked at often. */
async function otherBrowser(browser, back) {
  const context = await browser.visit();
  const page = await context.newPage();
  await page.goto(back);
  await check("another browser is sent back to the first", async () => {
    await reads(page, "Go back to your browser");
    await page.getByText("Choose the number there only if you typed its address yourself.").waitFor();
  }, page);
  await look(page, "back elsewhere", { again: true });
  await silent(context, "another browser");
  await context.close();
}

async function signIn(browser, who) {
  const { context, page } = await waits(browser, who.account);
  const back = await approve(who, page);
  await page.getByText("Approved in Countersign.").waitFor();
  const tab = await context.newPage();
  await check("the app leads the browser on to the application", async () => {
    await tab.goto(back);
    await signedIn(tab, sp, who.account);
  }, tab);
  await check("the tab that began says that it goes on elsewhere", () => reads(page, "Continued elsewhere"), page);
  await check("the way back leads nowhere a second time", async () => {
    await tab.goto(back);
    await reads(tab, "Go back to your browser");
  }, tab);
  await silent(context, "signed in on this phone");
  await context.close();
}

async function withoutScript(browser, who) {
  const { context, page } = await waits(browser, who.account, { script: false });
  await look(page, "same without script", { again: true });
  await check("on the phone itself a person signs in without script", async () => {
    const back = await approve(who, page);
    await press(page, "Check now");
    await page.getByText("Approved in Countersign.").waitFor();
    await page.goto(back);
    await reads(page, "Approved");
    await press(page, "Continue");
    await signedIn(page, sp, who.account);
  }, page);
  await silent(context, "on this phone without script");
  await context.close();
}

/** The page of an invitation that came to a browser. */
async function links(browser) {
  const context = await browser.visit();
  const page = await context.newPage();
  await page.goto(`${origin}/e/countersign#secret`);
  await check("the page of an invitation offers the app, without the invitation", async () => {
    const link = await opener(page).getAttribute("href");
    expect(link === "countersign-id://e", link);
    expect(!(await page.content()).includes("secret"), "the invitation stands in the page");
  }, page);
  await look(page, "link of an invitation", { again: true });
  await silent(context, "links");
  await context.close();
}

/** An application that takes nothing else. */
async function only(browser, who) {
  await server("app", "set", sp.slug, "--modes", "same");
  const context = await browser.visit();
  const page = await context.newPage();
  await check("an application that takes only this phone asks there at once", async () => {
    await begin(page, sp);
    await page.locator("#account").fill(who.account);
    await press(page, "Continue");
    await reads(page, TITLE);
    await page.getByText("takes only answers from the device").waitFor();
  }, page);
  await look(page, "same only", { again: true });
  const back = await approve(who, page);
  await page.getByText("Approved in Countersign.").waitFor();
  await page.goto(back);
  await signedIn(page, sp, who.account);
  await silent(context, "only on this phone");
  await context.close();
  await server("app", "set", sp.slug, "--modes", "any");
}

/** Half a minute after the phone was told, the number may be had instead. */
async function numberInstead({ context, page }) {
  const button = page.getByRole("button", { name: "Use the number instead" });
  await check("the number is offered by itself", () => button.waitFor(), page);
  await look(page, "same number offered", { again: true });
  await check("and then it is asked for", async () => {
    await button.click();
    await reads(page, "Confirm on your phone");
    await page.locator("p.number").waitFor();
  }, page);
  await hear(page, "en");
  await silent(context, "the number instead");
  await context.close();
}
