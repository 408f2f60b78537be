// Every end of an invitation that does not need ten minutes.

import { digitsField, invitationLink, linkOf, person, take } from "../enrol.mjs";
import { look, silent } from "../look.mjs";
import { press, reads } from "../person.mjs";
import { check, expect, invite, Phone } from "../story.mjs";

export async function play(browser) {
  await failed(browser);
  await usedTwice(browser);
  await replaced(browser);
  await otherBrowser(browser);
}

/** Digits of nobody. */
const wrong = (digits) => String((Number(digits) + 1) % 1_000_000).padStart(6, "0");

async function failed(browser) {
  const account = await person("ida");
  const context = await browser.visit();
  const page = await context.newPage();
  const phone = new Phone("ida");
  const { enrolling, digits } = await take(phone, await invitationLink(page, account));
  const field = await digitsField(page);
  for (const left of ["2 tries", "1 try"]) {
    await field.fill(wrong(digits));
    await press(page, "Confirm the digits");
    await check(`wrong digits: ${left} left`, () => page.getByText(`Compare again. ${left} left.`).waitFor(), page);
    await look(page, `invitation digits wrong ${left[0]}`);
  }
  await field.fill(wrong(digits));
  await press(page, "Confirm the digits");
  await check("wrong digits: the third ends it", () => reads(page, "The digits differ"), page);
  await look(page, "invitation failed", { again: true });
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
  const account = await person("jan");
  const context = await browser.visit();
  const page = await context.newPage();
  const link = await invitationLink(page, account);
  const own = await take(new Phone("jan"), link);
  await digitsField(page);
  const rival = new Phone("rival");
  const other = await rival.run("enrol", link);
  await check("a second phone with the same invitation gets nothing", async () => expect(!other.good, "it has the ID"));
  await check("a second phone with the same invitation ends it for the first", () => reads(page, "Invitation used twice"), page);
  await look(page, "invitation used twice", { again: true });
  const { good } = await own.enrolling.finish();
  await check("the first phone has no ID either", async () => expect(!good, "it has the ID"));
  await silent(context, "used twice");
  await context.close();
}

async function replaced(browser) {
  const account = await person("karl");
  const context = await browser.visit();
  const page = await context.newPage();
  await invitationLink(page, account);
  const other = await context.newPage();
  await invitationLink(other, account);
  await page.reload();
  await check("a newer invitation ends the older", () => reads(page, "The code is over"), page);
  await look(page, "invitation over", { again: true });
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
