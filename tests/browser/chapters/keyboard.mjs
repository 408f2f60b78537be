// Adds an ID and signs in with nothing but a keyboard, and sees at each step where it is.

import { take } from "../enrol.mjs";
import { silent } from "../look.mjs";
import { begin, number, reads, signedIn } from "../person.mjs";
import { check, description, expect, invite, Phone } from "../story.mjs";

const { sp, account } = description;

export async function play(browser) {
  const context = await browser.visit();
  const page = await context.newPage();
  const phone = new Phone("anna");
  await check("an ID is added by keyboard", () => addId(page, phone), page);
  await check("a person signs in by keyboard", () => signIn(page, phone), page);
  await check("every stop of the waiting page is reached, in the order of the page", () => stops(page), page);
  await check("a sign-in is cancelled by keyboard", () => cancel(page), page);
  await silent(context);
  await context.close();
}

async function addId(page, phone) {
  await page.goto(await invite(account));
  await go(page, "Show the code");
  await page.keyboard.press("Enter");
  await page.locator("svg.qr").waitFor();
  const link = page.getByRole("link", { name: "Open Countersign" });
  await go(page, "Open Countersign");
  const { enrolling, digits } = await take(phone, await link.getAttribute("href"));
  await page.locator("#digits").waitFor();
  await go(page, "", "digits");
  await page.keyboard.type(digits);
  await page.keyboard.press("Enter");
  await reads(page, "Phone added");
  const { good } = await enrolling.finish();
  expect(good, "the phone has no ID");
}

async function signIn(page, phone) {
  await begin(page, sp);
  await go(page, "", "account");
  await page.keyboard.type(account);
  await go(page, "Continue");
  await page.keyboard.press("Space");
  await page.locator("p.number").waitFor();
  const { id } = await phone.prompt();
  const { good } = await phone.run("approve", id, "--number", await number(page));
  expect(good, "the phone could not approve");
  await signedIn(page, sp, account);
  await page.context().clearCookies();
}

async function stops(page) {
  await begin(page, sp);
  await go(page, "", "account");
  await page.keyboard.type(account);
  await page.keyboard.press("Enter");
  await page.locator("p.number").waitFor();
  const seen = [];
  for (const wanted of ["Scan the number instead", "More time", "Open on this phone", "Send again", "Cancel"]) {
    await page.keyboard.press("Tab");
    seen.push((await focused(page)).label);
    expect(seen.at(-1) === wanted, `the stops are ${seen.join(", ")}`);
  }
}

async function cancel(page) {
  await go(page, "Cancel");
  await page.keyboard.press("Enter");
  await reads(page, "Cancelled");
  await go(page, "Start again");
}

/** Presses Tab until the focus is on the control of this name or id; whoever looks sees it at every stop. */
async function go(page, label, id = "") {
  const seen = [];
  for (let stop = 0; stop < 12; stop += 1) {
    const now = await focused(page);
    if (now && (id ? now.id === id : now.label === label)) {
      return;
    }
    await page.keyboard.press("Tab");
    const next = await focused(page);
    if (next) {
      seen.push(next.label || next.id);
      expect(next.visible, `the focus on “${next.label || next.id}” cannot be seen: ${JSON.stringify(next)}`);
    }
  }
  throw new Error(`“${label || id}” is not reached; there are: ${seen.join(", ")}`);
}

/** Where the keyboard is, and whether a person sees it. */
const focused = (page) =>
  page.evaluate(() => {
    const at = document.activeElement;
    if (!at || at === document.body) {
      return null;
    }
    const style = getComputedStyle(at);
    const box = at.getBoundingClientRect();
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const inside = box.top >= 0 && box.bottom <= innerHeight + 1;
    return { id: at.id, label: at.textContent.trim(), visible: ring && inside && at.matches(":focus-visible"), ring, inside };
  });
