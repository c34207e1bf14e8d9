// Every state of the page through axe-core, in both themes, wide and as narrow as WCAG 2.2 asks; nothing wider than the window.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { check, same } from '../node/support.mjs';
import { eventually, hides, live, openBoard, press, shows, titleOf } from './page.mjs';
import { ARABIC, MARKUP, fillDaily } from './tasks.mjs';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Fails with what axe-core finds in the page, and if the page is wider than the window. */
export async function examine(page, state) {
  await page.evaluate(`${axe};0`);
  const found = await page.evaluate(async rules => (await globalThis.axe.run(document, { runOnly: rules })).violations, RULES);
  same(found.map(({ id, nodes }) => `${id}: ${nodes[0].target} ${nodes[0].failureSummary}`), [], `${state}: violations`);
  same(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, `${state}: wider than the window`);
}

/** Each state: its name and the way into it and out of it again. */
const STATES = [
  ['list', async () => {}, async () => {}],
  [
    'an opened task with a refused date',
    async page => {
      await titleOf(page, 'Paint the hallway').click();
      await page.locator('.editor').getByText('Holds up').or(page.locator('.editor').getByText('Waits for')).first().waitFor();
      await page.locator('#edit-due').fill('nonsense');
      await press(page, 'Enter');
      await page.locator('.problem:not(:empty)').waitFor();
    },
    page => press(page, 'Escape'),
  ],
  ['board', page => page.locator('#board').click(), page => page.locator('#list').click()],
  ['keys', page => page.locator('#help').click(), page => press(page, 'Escape')],
  ['search', page => search(page, 'paint', 'Paint the hallway'), page => search(page, '', 'Call the dentist')],
  ['nothing found', async page => page.locator('#search').fill('zzzz').then(() => page.getByText('Nothing found').waitFor()), page => search(page, '', 'Call the dentist')],
  [
    'a toast',
    async page => {
      await page.locator('#add').fill('Buy bread due:today');
      await page.locator('#add').press('Enter');
      await shows(page, 'Buy bread');
      await page.locator('#toast').waitFor();
    },
    async page => {
      await page.locator('#undo').click();
      await hides(page, 'Buy bread');
    },
  ],
];

async function search(page, words, first) {
  await page.locator('#search').fill(words);
  await shows(page, first);
}

export async function looks(browser, daemon) {
  await fillDaily(daemon);
  await daemon.add(`${MARKUP} due:today`, ARABIC);
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [1280, 320]) {
      const page = await openBoard(browser, daemon, { colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
      await live(page);
      for (const [state, enter, leave] of STATES) {
        await check(`looks: ${state}, ${width} px, ${colorScheme}: axe-core finds nothing`, async () => {
          await enter(page);
          await examine(page, state);
          await leave(page);
        });
      }
      await page.context().close();
    }
    const only = await openBoard(browser, daemon, { colorScheme, words: ['--read-only'], bypassCSP: true });
    await check(`looks: read-only, ${colorScheme}: axe-core finds nothing`, async () => {
      await examine(only, 'list');
      await titleOf(only, 'Paint the hallway').click();
      await only.locator('.editor').waitFor();
      await examine(only, 'an opened task');
    });
    await only.context().close();
    await check(`looks: signed out, ${colorScheme}: axe-core finds nothing`, async () => {
      const context = await browser.newContext({ colorScheme, bypassCSP: true });
      const page = await context.newPage();
      await page.goto(daemon.origin);
      await page.locator('#login').waitFor();
      await examine(page, 'signed out');
      await context.close();
    });
  }
  await check('looks: every target is at least 24 px, in both layouts', async () => {
    const page = await openBoard(browser, daemon, { viewport: { width: 320, height: 700 } });
    await titleOf(page, 'Paint the hallway').click();
    for (const layout of ['#list', '#board']) {
      await page.locator(layout).click();
      const small = await page.evaluate(() =>
        [...document.querySelectorAll('button, input, select, textarea, summary')]
          .filter(control => control.checkVisibility() && control.type !== 'checkbox')
          .map(control => [control.id || control.textContent, control.getBoundingClientRect()])
          .filter(([, { width, height }]) => width < 24 || height < 24)
          .map(([name]) => name),
      );
      same(small, [], 'targets below 24 px');
    }
    await page.context().close();
  });
  await check('looks: tasks that cannot be read: the page says so and offers to try again', async () => {
    const page = await openBoard(browser, daemon, { bypassCSP: true });
    await page.route('**/mcp', route => route.abort());
    await page.reload();
    await page.getByRole('alert').getByText('could not be read').waitFor();
    await examine(page, 'nothing read');
    await page.unroute('**/mcp');
    await page.getByRole('button', { name: 'Try again' }).click();
    await shows(page, 'Call the dentist');
    await page.context().close();
  });
  await check('looks: an empty list says how to begin', async () => {
    for (const id of Array.from({ length: 20 }, (_, at) => String(at + 1))) await daemon.shell('delete', id).catch(() => {});
    const page = await openBoard(browser, daemon, { bypassCSP: true });
    await page.getByText('Nothing to do. Press A').waitFor();
    await examine(page, 'empty');
    await eventually('no section is shown', async () => (await page.locator('main section').count()) === 0);
    await page.context().close();
  });
  for (const colorScheme of ['light', 'dark']) {
    await check(`looks: without the daemon, ${colorScheme}: axe-core finds nothing`, async () => {
      const page = await openBoard(browser, daemon, { colorScheme, bypassCSP: true });
      await live(page);
      await daemon.stop();
      await page.locator('#live[data-is=away]').waitFor();
      await examine(page, 'away');
      await page.context().close();
      await daemon.start();
    });
  }
}
