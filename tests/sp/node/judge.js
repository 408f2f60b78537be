// Asks node-saml what it makes of responses, without a browser: for the negative controls of the tests.
//
//     judge.js SETTINGS.json < CASES > VERDICTS
//
// As tests/sp/judge.py: a line of CASES is {"response": base64, "request_id": …}, a line of VERDICTS what provider.js
// says of it and whether it was `accepted`. One run remembers what it believed, so a response given twice is a replay.
"use strict";

const { createInterface } = require("node:readline");
const { Provider, readSettings } = require("./provider.js");

async function main() {
  const provider = new Provider(readSettings(process.argv[2]));
  const expected = new Set();
  for await (const line of createInterface({ input: process.stdin })) {
    const { response, request_id: requestId } = JSON.parse(line);
    if (requestId && !expected.has(requestId)) {
      expected.add(requestId);
      await provider.expect(requestId);
    }
    const verdict = await provider.judge(response, requestId);
    console.log(JSON.stringify({ accepted: verdict.errors.length === 0, ...verdict }));
  }
}

main();
