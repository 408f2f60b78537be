// What a person does on the pages, by what the pages say and not by how they are made.

import { expect } from "./story.mjs";

/** From the application to the page that asks who one is. */
export async function begin(page, sp, relay = "/") {
  await page.goto(`${sp.url}login?relay=${encodeURIComponent(relay)}`);
}

export const field = (page) => page.locator("#account");

/** Types who one is, and goes on. */
export async function name(page, account) {
  await field(page).fill(account);
  await page.locator("main form button").click();
  await page.locator("p.number").waitFor();
}

/** The number on the waiting page. */
export const number = async (page) => (await page.locator("p.number").innerText()).replace(/\D/g, "");

export const title = async (page) => (await page.locator("h1").innerText()).trim();

/** Waits for a page with this heading. */
export async function reads(page, heading) {
  const found = page.locator("h1", { hasText: heading });
  try {
    await found.waitFor();
  } catch {
    throw new Error(`the page should say “${heading}” and says “${await page.locator("body").innerText()}”`);
  }
}

/** Presses the one button of this name. */
export const press = (page, label) => page.getByRole("button", { name: label, exact: true }).click();

/** What the application says at the end. */
export async function signedIn(page, sp, account) {
  await page.waitForURL((url) => url.href.startsWith(sp.url));
  const said = await page.locator("body").innerText();
  expect(said.includes(`Signed in as ${account}`), `the application says: ${said}`);
  return said;
}
