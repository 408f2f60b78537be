// Every end of an invitation but one: that its time is over takes ten minutes, which no suite has (server/src/page/tests.rs
// draws it).

import { digitsField, invitationLink, linkOf, person, take } from "../enrol.mjs";
import { hear, look, silent } from "../look.mjs";
import { press, reads } from "../person.mjs";
import { check, expect, invite, Phone } from "../story.mjs";

export async function play(browser) {
  await failed(browser, "ida", "en");
  await failed(browser, "ines", "de");
  await usedTwice(browser);
  await replaced(browser);
  await otherBrowser(browser);
}

/** Digits of nobody. */
const wrong = (digits) => String((Number(digits) + 1) % 1_000_000).padStart(6, "0");

const LEFT = {
  en: ["Compare again. 2 tries left.", "Compare again. 1 try left."],
  de: ["Vergleichen Sie noch einmal. Noch 2 Versuche.", "Vergleichen Sie noch einmal. Noch 1 Versuch."],
};

async function failed(browser, who, language) {
  const account = await person(who);
  const context = await browser.visit();
  const page = await context.newPage();
  const phone = new Phone(who);
  const { enrolling, digits } = await take(phone, await invitationLink(page, account));
  const field = await digitsField(page);
  const address = page.url();
  for (const [n, left] of LEFT[language].entries()) {
    // Its answer is in the language that is asked for now; the page with the button is in English.
    await page.goto(address);
    await field.fill(wrong(digits));
    await hear(page, language);
    await press(page, "Confirm the digits");
    await check(`wrong digits: ${left}`, () => page.getByText(left).waitFor(), page);
    await look(page, `invitation digits wrong ${2 - n}`, { language });
    await hear(page, "en");
  }
  await page.goto(address);
  await field.fill(wrong(digits));
  await press(page, "Confirm the digits");
  await check("wrong digits: the third ends it", () => reads(page, "The digits differ"), page);
  await look(page, "invitation failed", { again: language === "en" });
  await check("wrong digits: the phone is told", async () => {
    const { good } = await enrolling.finish();
    expect(!good, "the phone has the ID");
  });
  await check("wrong digits: a new code can be made", async () => {
    await press(page, "New code");
    await linkOf(page);
  }, page);
  await silent(context, "wrong digits");
  await context.close();
}

async function usedTwice(browser) {
  const context = await browser.visit();
  const page = await context.newPage();
  const { rival, link } = await rivalWithOffer(page);
  const own = await take(new Phone("jan"), link);
  await digitsField(page);
  const other = await rival.run("resume");
  await check("a second phone with the same invitation gets nothing", async () => expect(!other.good, "it has the ID"));
  await check("a second phone with the same invitation ends it for the first", () => reads(page, "Invitation used twice"), page);
  await look(page, "invitation used twice", { again: true });
  await check("the first phone has no ID either", async () => {
    const { good } = await own.enrolling.finish();
    expect(!good, "it has the ID");
  });
  await silent(context, "used twice");
  await context.close();
}

/** A second phone that took an invitation and was killed just before it could register: the page does not know of it yet. */
async function rivalWithOffer(page) {
  for (let step = 1; step < 100; step += 1) {
    const account = await person(`jan${step}`);
    const link = await invitationLink(page, account);
    const rival = new Phone(`rival${step}`);
    await rival.run("enrol", link, "--die-at", String(step));
    const { events } = await rival.run("ids");
    if (events.some(({ standing }) => standing === "pending")) {
      return { rival, link };
    }
  }
  throw new Error("no kill leaves a phone that is about to register");
}

async function replaced(browser) {
  const account = await person("karl");
  const context = await browser.visit();
  const page = await context.newPage();
  await invitationLink(page, account);
  const other = await context.newPage();
  await invitationLink(other, account);
  await page.reload();
  await check("a newer page of the administrator's ends the older", () => reads(page, "Nothing here"), page);
  await silent(context, "replaced invitation");
  await context.close();
}

async function otherBrowser(browser) {
  const account = await person("lea");
  const own = await browser.visit();
  const page = await own.newPage();
  const link = await invitationLink(page, account);
  const { enrolling } = await take(new Phone("lea"), link);
  const field = await digitsField(page);
  const strange = await browser.visit();
  const other = await strange.newPage();
  await other.goto(page.url());
  await check("a second browser on the page's address sees neither code nor account nor digits", async () => {
    await reads(other, "Add your ID");
    const html = await other.content();
    expect(!html.includes(account) && !html.includes("/e#"), "it sees them");
    expect((await other.locator("#digits, svg.qr").count()) === 0, "it is asked for digits");
  }, other);
  await check("the first browser goes on", async () => {
    await page.reload();
    await field.waitFor();
  }, page);
  await enrolling.kill();
  await own.close();
  await strange.close();
}
