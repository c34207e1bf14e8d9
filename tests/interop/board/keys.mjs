// Everything without a mouse, each step held against what the command line lists; and a drag at the end.

import { check, contains, expect, same } from '../node/support.mjs';
import { becomes, drawn, eventually, focusIs, focused, hides, hint, live, openBoard, press, shows, titleOf, toast } from './page.mjs';
import { fillDaily } from './tasks.mjs';

export async function keys(browser, daemon) {
  await fillDaily(daemon);
  const page = await openBoard(browser, daemon);
  await live(page);
  const listed = (...args) => daemon.list(...args);
  const listing = (what, wanted, ...args) => becomes(what, () => listed(...args), wanted);
  const unlisted = (what, unwanted, ...args) => eventually(what, async () => !unwanted.test(await listed(...args)));

  await check('keys: the whole list is one pair of tab stops, and the page has seven at most', async () => {
    const stops = [];
    await page.evaluate(() => document.activeElement.blur());
    for (let at = 0; at < 8; at += 1) {
      await press(page, 'Tab');
      stops.push(await focused(page));
    }
    same(stops.slice(0, 5), ['search', 'List', 'Board', 'Keys', 'add'], 'the first stops');
    same(stops[5], 'tick high', 'the stop after them');
    same(stops[7], 'Sign out', 'the stop after the row');
  });

  await check('keys: A adds, after saying what it understood of the words', async () => {
    await titleOf(page, 'Call the dentist').focus();
    await press(page, 'a');
    await page.keyboard.type('Water the lawn due:tomorrow +home !low');
    await becomes('the hint', () => hint(page), /Water the lawn.*due .*30|Water the lawn.*due/);
    await press(page, 'Enter');
    await shows(page, 'Water the lawn');
    await listing('the list', /Water the lawn/);
    same(await page.locator('#add').inputValue(), '', 'the add line');
  });

  await check('keys: a word that cannot be read is refused in the server’s words, and the line is kept', async () => {
    await page.keyboard.type('Fix the tap due:nonsense');
    await press(page, 'Enter');
    await becomes('the hint', () => hint(page), /Not added.*due/);
    same(await page.locator('#add').inputValue(), 'Fix the tap due:nonsense', 'the add line');
    await page.locator('#add').fill('');
  });

  await check('keys: the arrows, J and K go from task to task', async () => {
    await press(page, 'Escape');
    const first = await focused(page);
    await press(page, 'ArrowDown', 'j');
    const third = await focused(page);
    expect(third !== first, 'the focus did not move');
    await press(page, 'k', 'ArrowUp');
    await focusIs(page, first);
  });

  await check('keys: Space completes and the focus goes to the next of the group; Z takes it back', async () => {
    await titleOf(page, 'Send the November invoice to the accountant').focus();
    await press(page, ' ');
    await hides(page, 'Send the November invoice to the accountant');
    expect((await page.evaluate(() => document.activeElement.closest('section')?.dataset.group)) === 'today', 'the focus left the group');
    await becomes('what is said', () => page.locator('#aloud').textContent(), /Completed Send the November.*Z takes it back/);
    await unlisted('the invoice is completed', /November invoice/);
    await press(page, 'z');
    await shows(page, 'Send the November invoice to the accountant');
    await focusIs(page, 'Send the November invoice to the accountant');
    await listing('the list', /November invoice/);
  });

  await check('keys: Enter opens and saves; the focus is in the title, and after it on the row', async () => {
    await titleOf(page, 'Water the lawn').focus();
    await press(page, 'Enter');
    await focusIs(page, 'edit-title');
    await page.keyboard.type(' twice');
    await press(page, 'Enter');
    await focusIs(page, 'Water the lawn twice');
    await listing('the list', /Water the lawn twice/);
  });

  await check('keys: D sets the date; a refused date keeps the task open and says why', async () => {
    await press(page, 'd');
    await focusIs(page, 'edit-due');
    await press(page, 'ControlOrMeta+a');
    await page.keyboard.type('nonsense');
    await press(page, 'Enter');
    await becomes('the sentence', () => page.locator('.problem').textContent(), /nonsense/);
    await press(page, 'ControlOrMeta+a');
    await page.keyboard.type('in 3 days');
    await press(page, 'Enter');
    await focusIs(page, 'Water the lawn twice');
    same(await page.locator('section[data-group=week]').getByRole('button', { name: 'Water the lawn twice' }).count(), 1, 'rows in the next 7 days');
  });

  await check('keys: digits set the priority, S starts and stops', async () => {
    await press(page, '1');
    await listing('the list', /! Water the lawn twice|Water the lawn twice \(high/);
    await press(page, 's');
    await listing('the tasks in progress', /Water the lawn twice/, 'in_progress');
    await focusIs(page, 'Water the lawn twice');
    await page.locator('li', { hasText: 'Water the lawn twice' }).getByText('In progress').waitFor();
    await press(page, 's');
    await unlisted('the task is stopped', /Water the lawn twice/, 'in_progress');
  });

  await check('keys: V shows the board, and Shift with the arrows moves a card', async () => {
    await press(page, 'v');
    await page.locator('main.board').waitFor();
    await titleOf(page, 'Water the lawn twice').focus();
    await press(page, 'Shift+ArrowRight');
    await page.locator('section[data-group=doing]').getByRole('button', { name: 'Water the lawn twice' }).waitFor();
    await listing('the tasks in progress', /Water the lawn twice/, 'in_progress');
    await titleOf(page, 'Water the lawn twice').focus();
    await press(page, 'Shift+ArrowRight');
    await page.locator('section[data-group=done]').getByRole('button', { name: 'Water the lawn twice' }).waitFor();
    await listing('the completed tasks', /Water the lawn twice/, 'completed');
    await titleOf(page, 'Water the lawn twice').focus();
    await press(page, 'ArrowLeft');
    expect((await page.evaluate(() => document.activeElement.closest('section')?.dataset.group)) === 'doing', 'the arrow did not go to the column before');
    await titleOf(page, 'Water the lawn twice').focus();
    await press(page, ' ');
    await listing('the list', /Water the lawn twice/);
  });

  await check('keys: a finished round of a series is seen under Done, and the series goes on', async () => {
    await daemon.shell('done', '9');
    const done = page.locator('section[data-group=done]');
    await done.getByText('Water the plants', { exact: true }).waitFor();
    same(await done.getByRole('button', { name: 'Water the plants', exact: true }).count(), 0, 'the rounds that can be opened');
    await shows(page, 'Water the plants');
  });

  await check('keys: Delete moves to the trash and leaves the focus in its column', async () => {
    await titleOf(page, 'Water the lawn twice').focus();
    await press(page, 'Delete');
    await hides(page, 'Water the lawn twice');
    await becomes('the toast', () => toast(page), /trash: Water the lawn twice/);
    expect(await page.evaluate(() => document.activeElement.matches('main li .title')), 'the focus is on no task');
    await unlisted('the task is in the trash', /Water the lawn twice/);
  });

  await check('keys: / searches, Enter goes to what was found, Escape leaves the search', async () => {
    await press(page, '/');
    await page.keyboard.type('invoice');
    await becomes('what is said', () => page.locator('#aloud').textContent(), '1 found');
    await press(page, 'Enter');
    await focusIs(page, 'Send the November invoice to the accountant');
    await press(page, '/', 'Escape');
    await shows(page, 'Call the dentist');
  });

  await check('keys: ? opens the list of keys, Escape closes it, and single keys can be switched off', async () => {
    await press(page, '?');
    await page.locator('#keys[open]').waitFor();
    await page.locator('#single').uncheck();
    await press(page, 'Escape');
    await page.locator('#keys:not([open])').waitFor({ state: 'attached' });
    const before = await focused(page);
    await press(page, 'a');
    same(await focused(page), before, 'the focus after A');
    await page.reload();
    await drawn(page);
    await press(page, 'a');
    expect((await focused(page)) !== 'add', 'A still adds after a reload');
    await page.locator('#help').click();
    await page.locator('#single').check();
    await page.locator('#close').click();
  });

  await check('keys: a card is dragged to a column', async () => {
    await titleOf(page, 'Book train tickets').dragTo(page.locator('section[data-group=doing]'));
    await listing('the tasks in progress', /Book train tickets/, 'in_progress');
  });

  await check('keys: an opened task has its subtasks, what it waits for, comments and history, and takes a comment', async () => {
    await titleOf(page, 'Paint the hallway').click();
    const facts = page.locator('.editor details').first();
    for (const part of ['Choose a colour', 'Measure the walls', 'Buy paint', 'The blue one is sold out']) await facts.getByText(part).first().waitFor();
    same(await page.locator('#edit-description').inputValue(), 'Two coats. The ceiling stays white.', 'the description');
    await facts.getByLabel('Add a comment').fill('Green, then');
    await press(page, 'Enter');
    await facts.locator('p').filter({ hasText: 'Green, then' }).first().waitFor();
    contains(await daemon.shell('show', '8'), 'Green, then', 'the task');
    await facts.getByText('History').click();
    await facts.getByText(/add/).first().waitFor();
    await facts.getByRole('button', { name: 'Choose a colour' }).click();
    await focusIs(page, 'edit-title');
    same(await page.locator('#edit-title').inputValue(), 'Choose a colour', 'the opened task');
    await press(page, 'Escape');
    await focusIs(page, 'Choose a colour');
  });

  await check('keys: nothing went wrong in the page', async () => same(page.faults, [], 'faults'));
  await page.context().close();
}
