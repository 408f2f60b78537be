// The browser's side of tests/tests/browser.rs.
//
// In, a JSON line each: the description of the world, then the answers to what was asked. Out: what was seen, and what is
// asked. Ends with its standard input.

import { openBrowser } from "./browser.mjs";
import { check, description, over } from "./story.mjs";

const { chapter } = description;
const { play } = await import(new URL(`chapters/${chapter}.mjs`, import.meta.url));
const browser = await openBrowser();
await check(`${chapter}: told to its end`, () => play(browser));
await browser.close();
await over();
