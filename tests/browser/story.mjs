// The talk with the test that started us: it has the phones and the server's command line, and it takes the verdicts.

import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin });
const waiting = [];
const read = () => new Promise((done, fail) => waiting.push({ done, fail }));

lines.on("line", (line) => {
  const said = JSON.parse(line);
  const { done, fail } = waiting.shift();
  if (said.trouble === undefined) {
    done(said);
  } else {
    fail(new Error(said.trouble));
  }
});
// Whoever started us is gone.
lines.on("close", () => process.exit(1));

/** The world: `origin`, `sp`, `account`, `certificate`, `modules`, `screens`, `folder`, `full`, `chapter`. */
export const description = await read();

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Asks the test to do something outside the browser. Answers come in the order of the questions. */
async function ask(what) {
  say(what);
  return (await read()).answer;
}

export const server = (...args) => ask({ ask: "server", args });

/** The address of the page that the administrator sends. */
export const invite = async (account) => (await server("invite", account)).page;

/** Takes the server's database away; what it gives brings it back. */
export async function jam() {
  const command = await ask({ ask: "jam" });
  return () => ask({ ask: "kill", command });
}

/** The virtual phone of this name. One command at a time has its store. */
export class Phone {
  constructor(name) {
    this.name = name;
  }

  /** Runs a command to its end. */
  run(...args) {
    return ask({ ask: "phone", phone: this.name, args });
  }

  /** The request that waits, when one came. */
  prompt() {
    return ask({ ask: "prompt", phone: this.name });
  }

  async start(...args) {
    const command = await ask({ ask: "start", phone: this.name, args });
    return {
      event: (kind) => ask({ ask: "event", command, kind }),
      finish: () => ask({ ask: "finish", command }),
      kill: () => ask({ ask: "kill", command }),
    };
  }
}

let cases = 0;
let last = "the beginning";

/** One verdict. What it throws is the failure, told with a picture where there is a page. */
export async function check(name, look, page) {
  cases += 1;
  try {
    await look();
    last = name;
    say({ name, passed: true, message: "" });
    return true;
  } catch (error) {
    const message = String(error?.message ?? error).slice(0, 2000) + `\n    after “${last}”`;
    say({ name, passed: false, message: message + (await picture(page, cases)) });
    return false;
  }
}

async function picture(page, number) {
  if (!page || page.isClosed()) {
    return "";
  }
  const path = `${description.screens}/failed/${description.chapter}-${number}.png`;
  try {
    await mkdir(`${description.screens}/failed`, { recursive: true });
    await page.screenshot({ path, fullPage: true });
    return `\n    at ${page.url()}, picture ${path}`;
  } catch {
    return `\n    at ${page.url()}`;
  }
}

/** Throws what is wrong, if something is. */
export function expect(good, wrong) {
  if (!good) {
    throw new Error(typeof wrong === "function" ? wrong() : wrong);
  }
}

/** The chapter is over. */
export async function over() {
  say({ over: true });
  if (process.stdout.writableNeedDrain) {
    await once(process.stdout, "drain");
  }
  lines.removeAllListeners("close");
  lines.close();
  process.stdin.destroy();
}
