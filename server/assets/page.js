// Makes the pages livelier; every one of them works without. What the addresses answer is told in src/page/mod.rs.
"use strict";

(() => {
  const SECOND = 1000;

  const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  /** The page that hands the answer to the application. A field may be called "submit", so the form's own method is taken. */
  function send(form) {
    HTMLFormElement.prototype.submit.call(form);
  }

  /** Asks for the next phase for as long as the page is open. */
  async function watch(status) {
    const words = status.dataset;
    let line = status.textContent;
    let failures = 0;
    for (;;) {
      const began = Date.now();
      const phase = await ask(words.wait, words.phase);
      if (phase === null) {
        failures += 1;
        if (failures > 1) {
          status.textContent = words.trying;
        }
        await sleep(Math.min(30, 2 ** failures) * SECOND);
        continue;
      }
      if (failures > 1) {
        status.textContent = line;
      }
      failures = 0;
      // An answer that comes at once shall not make a storm of questions, or of pages.
      await sleep(Math.max(0, began + SECOND - Date.now()));
      if (phase !== "" && phase !== words.phase) {
        const known = words[`line${phase.charAt(0).toUpperCase()}${phase.slice(1)}`];
        if (known === undefined) {
          location.replace(words.here);
          return;
        }
        words.phase = phase;
        line = known;
        status.textContent = line;
      }
    }
  }

  /** The name of the phase, "" if nothing is new, "gone" if the page's subject is over, null if there was no answer. */
  async function ask(wait, phase) {
    const url = new URL(wait, location.href);
    url.searchParams.set("phase", phase);
    try {
      const answer = await fetch(url, { cache: "no-store", redirect: "error" });
      if (answer.status === 204) {
        return "";
      }
      if (answer.status === 404 || answer.status === 410) {
        return "gone";
      }
      const plain = answer.headers.get("Content-Type")?.startsWith("text/plain");
      return answer.status === 200 && plain ? (await answer.text()).trim() : null;
    } catch {
      return null;
    }
  }

  /** Counts the time down as text: every second, every ten if the person wants little motion. */
  function count(clock, spoken, here) {
    const words = clock.dataset;
    const total = Number(words.clock);
    const [shown, heard] = clock.children;
    const end = Date.now() + total * SECOND;
    const step = matchMedia("(prefers-reduced-motion: reduce)").matches ? 10 : 1;
    let last = total;
    const timer = setInterval(() => {
      const left = Math.max(0, Math.ceil((end - Date.now()) / SECOND));
      if (left === last) {
        return;
      }
      const milestone = [60, 30, 10].find((at) => left <= at && at < last);
      last = left;
      if (left % step === 0) {
        shown.textContent = short(words, left);
        heard.textContent = long(words, left);
      }
      if (milestone !== undefined && left > 0) {
        spoken.textContent = long(words, left);
      }
      if (left === 0) {
        clearInterval(timer);
        setTimeout(() => location.replace(here), SECOND);
      }
    }, SECOND / 4);
  }

  function short(words, left) {
    if (left === 0) {
      return words.over;
    }
    const form = left < 60 ? words.shortSeconds : words.shortMinutes;
    const time = form.replace("{m}", Math.floor(left / 60)).replace("{s}", left % 60);
    return words.left.replace("{left}", time);
  }

  function long(words, left) {
    if (left === 0) {
      return words.over;
    }
    const minutes = Math.floor(left / 60);
    const seconds = left % 60;
    const parts = [];
    if (minutes > 0) {
      parts.push(minutes === 1 ? words.minute : words.minutes.replace("{n}", minutes));
    }
    if (seconds > 0) {
      parts.push(seconds === 1 ? words.second : words.seconds.replace("{n}", seconds));
    }
    return words.left.replace("{left}", parts.join(", "));
  }

  const form = document.querySelector("form[data-submit]");
  if (form) {
    send(form);
  }
  const status = document.querySelector("[data-wait]");
  if (status) {
    watch(status);
    const clock = document.querySelector("[data-clock]");
    const spoken = document.querySelector("[data-spoken-clock]");
    if (clock && spoken && Number(clock.dataset.clock) > 0) {
      count(clock, spoken, status.dataset.here);
    }
    // Back to a page that the browser kept: what it shows may be long over.
    addEventListener("pageshow", (event) => {
      if (event.persisted) {
        location.replace(status.dataset.here);
      }
    });
  }
})();
