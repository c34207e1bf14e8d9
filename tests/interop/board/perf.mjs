// How quick the page is with 2,000 open tasks: tests/interop/board/perf.mjs BINARY [PAGE.html]. Medians; a page that is given
// is measured in the place of the binary's own. Not part of the gate: a busy machine says nothing.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

import { run } from '../node/support.mjs';
import { startChromium } from './browser.mjs';
import { withBoard } from './daemon.mjs';
import { openBoard } from './page.mjs';
import { many } from './tasks.mjs';

const ROUNDS = 15;
const median = all => all.toSorted((a, b) => a - b)[all.length >> 1];
const line = (what, all) => console.log(`${what.padEnd(52)} ${median(all).toFixed(1).padStart(7)} ms   (${all.map(ms => Math.round(ms)).join(' ')})`);

/** Resolves with the time at which a row with this title is painted, in ms since the Unix epoch. */
const painted = (page, title) =>
  page.evaluate(
    wanted =>
      new Promise(resolve => {
        const look = () => {
          const here = [...document.querySelectorAll('main li button')].some(({ textContent }) => textContent === wanted);
          if (!here) return;
          observer.disconnect();
          // The frame that draws it has begun when the second of these runs.
          requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now())));
        };
        const observer = new MutationObserver(look);
        observer.observe(document.querySelector('main'), { childList: true, subtree: true });
      }),
    title,
  );

await run(async binary => {
  const other = process.argv[3];
  const browser = await startChromium();
  await withBoard(binary, async daemon => {
    await daemon.fill(many(2000));
    const page = await openBoard(browser, daemon);
    const size = other ? (await readFile(other)).length : (await (await fetch(daemon.origin)).arrayBuffer()).byteLength;
    console.log(`${'page'.padEnd(52)} ${String(size).padStart(7)} bytes`);
    if (other) await page.route(`${daemon.origin}/`, async route => route.fulfill({ contentType: 'text/html', body: await readFile(other, 'utf8') }));

    const paints = [];
    const rows = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await page.reload();
      await page.locator('main li').first().waitFor();
      const [paint, row] = await page.evaluate(
        () => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(() => resolve([performance.getEntriesByName('first-contentful-paint')[0].startTime, performance.now()])))),
      );
      paints.push(paint);
      rows.push(row);
    }
    line('first paint', paints);
    line('first rows', rows);

    await page.getByText('Live', { exact: true }).waitFor();
    await measureChanges(page, daemon, 'a hundred rows a group');
    while (await page.locator('.more').count()) await page.locator('.more').first().click();
    await measureChanges(page, daemon, 'all rows shown');

    const arrows = await page.evaluate(rounds => {
      document.querySelector('main li button').focus();
      return Array.from({ length: rounds }, () => {
        const start = performance.now();
        document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
        document.body.getBoundingClientRect();
        return performance.now() - start;
      });
    }, 100);
    line(`arrow key, ${await page.locator('main li').count()} rows shown, with its layout`, arrows.slice(-ROUNDS));
  });
  await browser.close();
});

async function measureChanges(page, daemon, state) {
  const shells = [];
  const commands = [];
  const adds = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const title = `By a shell ${state} ${round}`;
    const seen = painted(page, title);
    await page.evaluate(() => 0);
    const start = Date.now();
    const command = spawn(daemon.binary, ['add', title, 'due:2020-01-01', '--db', daemon.db], { env: daemon.env, stdio: 'ignore' });
    await once(command, 'exit');
    commands.push(Date.now() - start);
    shells.push((await seen) - start);

    const mine = `In the page ${state} ${round}`;
    await page.locator('#add').fill(`${mine} due:2020-01-01`);
    const drawn = painted(page, mine);
    await page.evaluate(() => document.querySelector('#add').addEventListener('keydown', () => (window.pressed = performance.timeOrigin + performance.now()), { capture: true, once: true }));
    await page.locator('#add').press('Enter');
    adds.push((await drawn) - (await page.evaluate(() => window.pressed)));
  }
  line(`start of \`taskhold add\` to painted, ${state}`, shells);
  line(`  of it the command itself`, commands);
  line(`add in the page to painted, ${state}`, adds);
}
