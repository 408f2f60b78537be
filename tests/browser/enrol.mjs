// Adds an ID to a phone by the pages of an invitation, as a person does it.

import { press, reads } from "./person.mjs";
import { description, expect, invite, Phone, server } from "./story.mjs";

/** A person whom the server does not know yet. */
export async function person(name, label = name) {
  const account = `${name}@example.com`;
  await server("user", "add", account, "--name", label);
  return account;
}

/** The link that the page shows for the phone, after its button. */
export async function invitationLink(page, account) {
  await page.goto(await invite(account));
  await press(page, "Show the code");
  return linkOf(page);
}

export const linkOf = (page) => page.getByRole("link", { name: "Open Countersign" }).getAttribute("href");

/** A phone that has taken the link and shows its digits. */
export async function take(phone, link) {
  const enrolling = await phone.start("enrol", link);
  const { digits } = await enrolling.event("digits");
  return { enrolling, digits };
}

/** The field for the digits; without script the person looks again first. */
export async function digitsField(page) {
  const field = page.locator("#digits");
  if (!page.context().script) {
    await press(page, "Check now");
  }
  await field.waitFor();
  return field;
}

/** The whole way. Gives the phone. */
export async function enrol(page, account, name) {
  const phone = new Phone(name);
  const { enrolling, digits } = await take(phone, await invitationLink(page, account));
  await (await digitsField(page)).fill(digits);
  await press(page, "Confirm the digits");
  await reads(page, "Phone added");
  const { good, events } = await enrolling.finish();
  expect(good && events.some((event) => event.event === "active"), () => `the phone says ${JSON.stringify(events)}`);
  return phone;
}

/** The administrator's own phone, where a chapter is about something else. */
export async function enrolAdministrator(browser) {
  const context = await browser.visit();
  const phone = await enrol(await context.newPage(), description.account, "anna");
  await context.close();
  return phone;
}
