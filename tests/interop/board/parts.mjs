// Runs the parts of a program, each with a daemon of its own, in one Chromium.

import { run } from '../node/support.mjs';
import { startChromium } from './browser.mjs';
import { withBoard } from './daemon.mjs';

/** Runs those of `parts` that the command line names after the binary, or all. */
export function runParts(parts) {
  return run(async binary => {
    const chosen = process.argv.slice(3);
    const browser = await startChromium();
    try {
      for (const [name, part] of Object.entries(parts)) {
        if (chosen.length === 0 || chosen.includes(name)) await withBoard(binary, daemon => part(browser, daemon));
      }
    } finally {
      await browser.close();
    }
  });
}
