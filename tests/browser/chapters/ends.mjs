// Every end of a sign-in. Requests live for 60 s here.

import { enrol, person } from "../enrol.mjs";
import { look, silent } from "../look.mjs";
import { begin, name, number, press, reads, signedIn } from "../person.mjs";
import { check, description, expect } from "../story.mjs";

const { sp } = description;

export async function play(browser) {
  const phones = new Map();
  // Some ends take the product's own time: those begin first, and are looked at last.
  const older = { ...(await waits(browser, "nobody@example.com")), begun: Date.now() };
  const unreached = await waits(browser, await withPhone(browser, phones, "eva"));
  const seen = await waits(browser, await withPhone(browser, phones, "fritz"));
  const prompt = await phones.get("fritz").prompt();
  await check("the phone's look is seen on the page", () => seen.page.getByText("Seen on your phone").waitFor(), seen.page);

  await denied(browser, phones);
  await wrongNumber(browser, phones);
  await elsewhere(browser, phones);
  await reported(browser, phones);
  await replaced(older);

  await check("a phone that was not reached is said so while there is time", async () => {
    await unreached.page.locator(".status", { hasText: "Not reached yet." }).or(heading(unreached.page, "Phone not reached")).waitFor();
  }, unreached.page);
  await ended(unreached, "unreached", "Phone not reached");
  await ended(seen, "late", "No answer in time");
  await check("an approval that comes late signs nobody in", async () => {
    const { good } = await phones.get("fritz").run("approve", prompt.id, "--number", seen.number);
    expect(!good, "the phone took it for good");
    await reads(seen.page, "No answer in time");
  }, seen.page);
  await check("a request is sent again from its end", async () => {
    await press(unreached.page, "Send again");
    await reads(unreached.page, "Confirm on your phone");
    const again = await phones.get("eva").prompt();
    const { good } = await phones.get("eva").run("approve", again.id, "--number", await number(unreached.page));
    expect(good, "the phone could not approve");
    await signedIn(unreached.page, sp, "eva@example.com");
  }, unreached.page);
  for (const [what, { context }] of [["unreached", unreached], ["late", seen]]) {
    await silent(context, what);
    await context.close();
  }
}

const heading = (page, title) => page.locator("h1", { hasText: title });

async function withPhone(browser, phones, who) {
  const account = await person(who);
  const context = await browser.visit();
  phones.set(who, await enrol(await context.newPage(), account, who));
  await context.close();
  return account;
}

/** A browser with the waiting page of this account. */
async function waits(browser, account) {
  const context = await browser.visit();
  const page = await context.newPage();
  await begin(page, sp);
  await name(page, account);
  return { context, page, number: await number(page) };
}

async function ended({ page }, state, title) {
  await check(`end ${state}: says so by itself`, () => reads(page, title), page);
  await look(page, `end ${state}`, { again: true });
  await check(`end ${state}: stays after loading it again, and going away and back`, async () => {
    await page.reload();
    await reads(page, title);
    await page.goto("about:blank");
    await page.goBack();
    await reads(page, title);
  }, page);
}

async function answered(browser, phones, who, state, title, command) {
  const waiting = await waits(browser, await withPhone(browser, phones, who));
  const { id } = await phones.get(who).prompt();
  await phones.get(who).run(...command(id, waiting.number));
  await ended(waiting, state, title);
  return waiting;
}

async function close({ context }, what) {
  await silent(context, what);
  await context.close();
}

async function denied(browser, phones) {
  const waiting = await answered(browser, phones, "carla", "denied", "You refused", (id) => ["deny", id]);
  await close(waiting, "denied");
}

async function wrongNumber(browser, phones) {
  const other = (shown) => String((Number(shown) + 1) % 100).padStart(2, "0");
  const command = (id, shown) => ["approve", id, "--number", other(shown)];
  const waiting = await answered(browser, phones, "dora", "number", "Wrong number", command);
  await close(waiting, "wrong number");
}

async function reported(browser, phones) {
  const waiting = await answered(browser, phones, "greta", "reported", "Reported", (id) => ["report", id]);
  await close(waiting, "reported");
  // A report pauses the ID: the next sign-in says so.
  const next = await browser.visit();
  const page = await next.newPage();
  await begin(page, sp);
  await page.locator("#account").fill("greta@example.com");
  await press(page, "Continue");
  await ended({ page }, "paused", "Your ID is paused");
  await close({ context: next }, "paused");
}

async function elsewhere(browser, phones) {
  const { context, page, number } = await waits(browser, await withPhone(browser, phones, "hanna"));
  const address = page.url();
  const other = await context.newPage();
  await other.goto(address);
  const { id } = await phones.get("hanna").prompt();
  await phones.get("hanna").run("approve", id, "--number", number);
  // Two tabs with one sign-in: one of them gets on, the other says so.
  await check("of two tabs one goes on to the application", async () => {
    await Promise.race([page, other].map((tab) => tab.waitForURL((url) => url.href.startsWith(sp.url))));
  });
  const left = page.url().startsWith(sp.url) ? other : page;
  await ended({ page: left }, "elsewhere", "Continued elsewhere");
  await close({ context }, "elsewhere");
}

async function replaced(first) {
  const second = await first.context.newPage();
  // A session begins one request in 30 s.
  await second.waitForTimeout(Math.max(0, first.begun + 31_000 - Date.now()));
  await begin(second, sp);
  await name(second, "nobody@example.com");
  await ended(first, "replaced", "Replaced");
  await check("the newer sign-in goes on", () => reads(second, "Confirm on your phone"), second);
  await close(first, "replaced");
}
