// A person adds an ID by the invitation page and signs in with it: with script and without.

import { digitsField, invitationLink, person, take } from "../enrol.mjs";
import { look, silent } from "../look.mjs";
import { begin, name, number, press, reads, signedIn } from "../person.mjs";
import { check, description, expect, Phone } from "../story.mjs";

const { sp, account } = description;

export async function play(browser) {
  const anna = await invited(browser, account, "anna", true);
  const ben = await invited(browser, await person("ben"), "ben", false);
  await withScript(browser, anna);
  await withoutScript(browser, ben);
}

/** Adds the ID by the page; looks at each of its steps that needs a phone. */
async function invited(browser, account, who, script) {
  const how = script ? "with script" : "without script";
  const context = await browser.visit({ script });
  const page = await context.newPage();
  const phone = new Phone(who);
  await check(`an ID is added ${how}`, async () => {
    const { enrolling, digits } = await take(phone, await invitationLink(page, account));
    const field = await digitsField(page);
    await look(page, script ? "invitation digits" : "invitation digits without script", { again: script });
    await field.fill("12 34");
    await press(page, "Confirm the digits");
    await page.getByText("Type all six digits.").waitFor();
    await look(page, "invitation digits missing");
    await field.fill(`${digits.slice(0, 3)} ${digits.slice(3)}`);
    await press(page, "Confirm the digits");
    await reads(page, "Phone added");
    const { good } = await enrolling.finish();
    expect(good, "the phone did not get its ID");
  }, page);
  await look(page, "invitation done", { again: script });
  await silent(context, `invitation ${how}`);
  await context.close();
  return phone;
}

async function withScript(browser, phone) {
  const context = await browser.visit();
  const page = await context.newPage();
  await check("a person signs in with script, by looking at the phone only", async () => {
    await begin(page, sp, "/wiki?page=1");
    await name(page, account);
    const prompt = await phone.prompt();
    await page.getByText("Seen on your phone").waitFor();
    await look(page, "waiting seen");
    const { good } = await phone.run("approve", prompt.id, "--number", await number(page));
    expect(good, "the phone could not approve");
    const said = await signedIn(page, sp, account);
    expect(said.includes("/wiki?page=1"), "what the application gave along did not come back");
  }, page);
  await check("who is signed in goes on to the application without the phone", async () => {
    await begin(page, sp);
    await signedIn(page, sp, account);
  }, page);
  await silent(context, "sign-in with script");
  await context.close();
}

const WORDS = {
  en: { look: "Check now", approved: "Approved", onward: "Continue" },
  de: { look: "Jetzt prüfen", approved: "Bestätigt", onward: "Weiter" },
};

async function withoutScript(browser, phone) {
  const who = "ben@example.com";
  for (const [language, words] of Object.entries(WORDS)) {
    const context = await browser.visit({ script: false, language });
    const page = await context.newPage();
    await check(`a person signs in without script, by three buttons (${language})`, async () => {
      await begin(page, sp);
      await name(page, who);
      const prompt = await phone.prompt();
      const { good } = await phone.run("approve", prompt.id, "--number", await number(page));
      expect(good, "the phone could not approve");
      await press(page, words.look);
      await reads(page, words.approved);
      await look(page, "end approved without script", { language });
      await press(page, words.onward);
      await signedIn(page, sp, who);
    }, page);
    await silent(context, `sign-in without script (${language})`);
    await context.close();
  }
}
