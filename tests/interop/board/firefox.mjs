// The board in the system's Firefox, where there is one: signed in, live, by keys, in two tabs, and closed to injected code.

import puppeteer from 'puppeteer-core';

import { check, expect, same } from '../node/support.mjs';
import { firefoxPath } from './browser.mjs';
import { becomes, gatherFaults } from './page.mjs';
import { MARKUP } from './tasks.mjs';

const shows = (page, title) => page.waitForFunction(wanted => [...document.querySelectorAll('main .title')].some(({ textContent }) => textContent === wanted), { timeout: 10_000 }, title);

export async function firefox(daemon) {
  const executablePath = firefoxPath();
  if (!executablePath) return console.log('not run: the board in Firefox, since the system has no Firefox');
  await daemon.add(`${MARKUP} due:today`, 'Pay rent due:tomorrow');
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true });
  try {
    const page = await browser.newPage();
    gatherFaults(page);
    await check('firefox: signs in, shows tasks as text, and the code leaves the address', async () => {
      await page.goto(await daemon.address());
      await shows(page, MARKUP);
      same(await page.$$eval('main img, main script', made => made.length), 0, 'elements made from tasks');
      same(page.url(), `${daemon.origin}/`, 'the address');
    });
    await check('firefox: a change by a shell is painted, also in a second tab', async () => {
      const second = await browser.newPage();
      await second.goto(daemon.origin);
      await shows(second, 'Pay rent');
      await daemon.add('From the shell due:today');
      for (const tab of [page, second]) await shows(tab, 'From the shell');
      await second.close();
      await page.bringToFront();
    });
    await check('firefox: keys add, open, save, complete and take back', async () => {
      await page.focus('#add');
      await page.keyboard.type('By keys due:tomorrow +home');
      await page.keyboard.press('Enter');
      await shows(page, 'By keys');
      await page.evaluate(() => [...document.querySelectorAll('.title')].find(({ textContent }) => textContent === 'By keys').focus());
      await page.keyboard.press('Enter');
      await page.waitForSelector('#edit-title');
      await page.keyboard.type(' alone');
      await page.keyboard.press('Enter');
      await shows(page, 'By keys alone');
      await page.keyboard.press(' ');
      await becomes('the toast', () => page.$eval('#said', said => said.textContent), 'Completed By keys alone');
      await page.keyboard.press('z');
      await becomes('the list', () => daemon.list(), /By keys alone/);
    });
    await check('firefox: injected markup and evaluated text do not run', async () => {
      const title = await page.evaluate(
        () =>
          new Promise(resolve =>
            setTimeout(() => {
              for (const way of [() => new Function('document.title = "taken"')(), () => document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=x onerror="document.title=1">')]) {
                try {
                  way();
                } catch {
                  // Stopped; the title tells.
                }
              }
              setTimeout(() => resolve(document.title), 200);
            }),
          ),
      );
      same(title, 'Tasks', 'the title of the page');
    });
    expect(page.faults.every(fault => /Content-Security-Policy|CSP|Trusted/i.test(fault)), `firefox: faults ${page.faults}`);
  } finally {
    await browser.close();
  }
}
