// The board in real browsers: tests/interop/board/board.mjs BINARY [PART...], where PART is one of those below.

import { run } from '../node/support.mjs';
import { startChromium } from './browser.mjs';
import { chat } from './chat.mjs';
import { withBoard } from './daemon.mjs';
import { firefox } from './firefox.mjs';
import { inspector } from './inspector.mjs';
import { keys } from './keys.mjs';
import { liveness } from './live.mjs';
import { looks } from './looks.mjs';
import { security } from './security.mjs';

const PARTS = { keys, live: liveness, security, chat, inspector, looks, firefox: (_, daemon) => firefox(daemon) };

await run(async binary => {
  const chosen = process.argv.slice(3);
  const browser = await startChromium();
  try {
    for (const [name, part] of Object.entries(PARTS)) {
      if (chosen.length === 0 || chosen.includes(name)) await withBoard(binary, daemon => part(browser, daemon));
    }
  } finally {
    await browser.close();
  }
});
