// What the checks do with a page: sign it in, find a task in it, ask where its focus is, wait for what comes.

import { setTimeout as pause } from 'node:timers/promises';

import { expect } from '../node/support.mjs';

// A loaded machine passes; a hang is told before the check's own deadline.
const DEADLINE_MS = 25_000;

/** Waits until `holds` says so; fails with what was awaited. */
export async function eventually(what, holds) {
  const end = Date.now() + DEADLINE_MS;
  let last;
  for (;;) {
    last = await holds();
    if (last === true) return;
    expect(Date.now() < end, `${what}: not within ${DEADLINE_MS / 1000} s${last === false ? '' : `; it is ${JSON.stringify(last)}`}`);
    await pause(20);
  }
}

/** Waits until `read` returns `wanted`, or matches it. */
export const becomes = (what, read, wanted) =>
  eventually(`${what} is to be ${wanted}`, async () => {
    const now = await read();
    return (wanted instanceof RegExp ? wanted.test(now) : now === wanted) || now;
  });

/** Opens the board in a browser context of its own. What goes wrong in the page is gathered in `page.faults`. */
export async function openBoard(browser, daemon, { words = [], ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-US', timezoneId: 'UTC', ...options });
  const page = await context.newPage();
  gatherFaults(page);
  await signIn(page, daemon, ...words);
  return page;
}

export function gatherFaults(page) {
  page.faults = [];
  page.on('pageerror', error => page.faults.push(error.message));
  page.on('console', message => message.type() === 'error' && page.faults.push(message.text()));
  page.on('dialog', dialog => {
    page.faults.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
}

export async function signIn(page, daemon, ...words) {
  await page.goto(await daemon.address(...words));
  await drawn(page);
}

export const drawn = page => page.locator('main section, main .empty').first().waitFor();
export const titleOf = (page, title) => page.locator('main').getByRole('button', { name: title, exact: true });
export const shows = (page, title) => titleOf(page, title).first().waitFor();
export const hides = (page, title) => titleOf(page, title).first().waitFor({ state: 'detached' });
export const live = page => page.locator('#live[data-is=live]').waitFor();

/** Returns what has the focus: the text of a button, else its id, else its kind. */
export const focused = page =>
  page.evaluate(() => {
    const { activeElement: active } = document;
    return active.matches('button') ? active.textContent : active.id || active.className || active.tagName;
  });

export const focusIs = (page, wanted) => becomes('the focus', () => focused(page), wanted);

/** Presses keys one after the other. */
export async function press(page, ...keys) {
  for (const key of keys) await page.keyboard.press(key);
}

/** Returns the text below the add line. */
export const hint = page => page.locator('#hint').textContent();
/** Returns what the last change is said to be. */
export const toast = page => page.locator('#said').textContent();
