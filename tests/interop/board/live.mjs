// What happens while the page is open: changes by others, many tabs, a daemon that ends and comes back, edits that cross.

import { check, contains, expect, same } from '../node/support.mjs';
import { becomes, drawn, eventually, focusIs, hides, hint, live, openBoard, press, shows, signIn, titleOf } from './page.mjs';
import { many } from './tasks.mjs';

export async function liveness(browser, daemon) {
  await daemon.add('Pay rent due:today', 'Sort the photos', 'Paint the wall due:tomorrow');
  const page = await openBoard(browser, daemon);
  await live(page);
  const { origin } = daemon;

  await check('live: what a shell adds, changes, completes and deletes is painted', async () => {
    await daemon.add('From the shell due:today !high');
    await shows(page, 'From the shell');
    await daemon.shell('edit', '4', 'title:From another shell');
    await shows(page, 'From another shell');
    await daemon.shell('done', '4');
    await hides(page, 'From another shell');
    await daemon.shell('delete', '2');
    await hides(page, 'Sort the photos');
    await daemon.shell('undo');
    await shows(page, 'Sort the photos');
  });

  await check('live: a row that others do not change is the same element after a change', async () => {
    await titleOf(page, 'Pay rent').evaluate(title => (title.closest('li').mark = 'kept'));
    await daemon.add('Another one due:today');
    await shows(page, 'Another one');
    same(await titleOf(page, 'Pay rent').evaluate(title => title.closest('li').mark), 'kept', 'the element of the task');
  });

  await check('live: the focus stays where it is when others change the task or its neighbours', async () => {
    await titleOf(page, 'Pay rent').focus();
    await daemon.shell('edit', '1', 'title:Pay the rent');
    await shows(page, 'Pay the rent');
    await focusIs(page, 'Pay the rent');
    await daemon.shell('edit', '1', 'due:tomorrow');
    await page.locator('section[data-group=tomorrow]').getByRole('button', { name: 'Pay the rent' }).waitFor();
    await focusIs(page, 'Pay the rent');
  });

  await check('live: while a task is edited, changes by others go into the fields that nobody touched', async () => {
    await titleOf(page, 'Paint the wall').click();
    await page.locator('#edit-description:enabled').waitFor();
    await page.locator('#edit-title').fill('Paint both walls');
    await daemon.shell('edit', '3', 'project:Flat');
    await becomes('the project', () => page.locator('#edit-project').inputValue(), 'Flat');
    same(await page.locator('#edit-title').inputValue(), 'Paint both walls', 'the title that is typed');
    await daemon.shell('edit', '3', 'title:Paint no wall');
    await becomes('the sentence', () => page.locator('.problem').textContent(), /Changed elsewhere.*title: Paint no wall/);
    await page.getByRole('button', { name: 'Save' }).click();
    await shows(page, 'Paint both walls');
    contains(await daemon.shell('show', '3'), 'Flat', 'the project of the others');
  });

  await check('live: an undo in the page takes back the page’s change and leaves the shell’s later one', async () => {
    await page.locator('#add').fill('Mine to take back');
    await press(page, 'Enter');
    await shows(page, 'Mine to take back');
    await daemon.add('Added after it');
    await shows(page, 'Added after it');
    await page.locator('#undo').click();
    await hides(page, 'Mine to take back');
    contains(await daemon.list(), 'Added after it', 'the list');
  });

  await check('live: history tells the hand on the board from the others', async () => {
    expect(/Browser \((.*, )?board\) added 6/.test(await daemon.shell('log')), 'the log names no hand on the board');
  });

  const tabs = [page];
  await check('live: nine tabs work, and all hear of a change', async () => {
    while (tabs.length < 9) {
      const tab = await page.context().newPage();
      await tab.goto(origin);
      await drawn(tab);
      tabs.push(tab);
    }
    await daemon.add('Heard by all due:today');
    for (const tab of tabs) await titleOf(tab, 'Heard by all').waitFor({ state: 'attached' });
  });

  await check('live: one tab has the stream, and another takes over when it is closed', async () => {
    const { held } = await tabs[1].evaluate(() => navigator.locks.query());
    same(held.map(({ name }) => name), ['taskhold-stream'], 'the locks');
    await tabs.shift().close();
    await tabs[0].bringToFront();
    await daemon.add('Heard after it due:today');
    for (const tab of tabs) await titleOf(tab, 'Heard after it').waitFor({ state: 'attached' });
    for (const tab of tabs.splice(1)) await tab.close();
  });

  const [tab] = tabs;
  await check('live: without the daemon the page says so, keeps its tasks, and keeps what is typed', async () => {
    await titleOf(tab, 'Paint both walls').click();
    await tab.locator('#edit-description:enabled').waitFor();
    await tab.locator('#edit-title').fill('Paint all walls');
    await daemon.stop();
    await tab.locator('#live[data-is=away]').waitFor();
    await tab.locator('#add').fill('While it was away due:today');
    await tab.locator('#add').press('Enter');
    await becomes('the hint', () => hint(tab), /Not added: The daemon does not answer/);
    same(await tab.locator('#add').inputValue(), 'While it was away due:today', 'the add line');
    await shows(tab, 'Pay the rent');
  });

  await check('live: after its return a new sign-in in another tab lets the old one go on and send what was typed, once', async () => {
    await daemon.start();
    await tab.locator('#login').waitFor();
    expect(!(await tab.getByText('Pay the rent').isVisible()), 'a task is shown to nobody who is signed in');
    const fresh = await tab.context().newPage();
    await signIn(fresh, daemon);
    await shows(tab, 'Pay the rent');
    same(await tab.locator('#add').inputValue(), 'While it was away due:today', 'the add line');
    same(await tab.locator('#edit-title').inputValue(), 'Paint all walls', 'the title that was typed');
    await tab.locator('#edit-title').press('Enter');
    await shows(tab, 'Paint all walls');
    await tab.locator('#add').press('Enter');
    await shows(tab, 'While it was away');
    await shows(fresh, 'While it was away');
    same((await daemon.list()).split('While it was away').length, 2, 'how often it was added, and one');
    await fresh.close();
  });

  await check('live: an answer that was lost on the way does not add a task twice', async () => {
    let lost = 0;
    await tab.route('**/mcp', async route => {
      if (!lost && route.request().postData().includes('board_write')) {
        lost += 1;
        await route.fetch();
        return route.abort();
      }
      return route.fallback();
    });
    await tab.locator('#add').fill('Sent twice, added once due:today');
    await tab.locator('#add').press('Enter');
    await becomes('the hint', () => hint(tab), /Not added/);
    await tab.locator('#add').press('Enter');
    await eventually('the line is sent', async () => (await tab.locator('#add').inputValue()) === '');
    same((await daemon.list()).split('Sent twice').length, 2, 'how often it was added, and one');
    await tab.unroute('**/mcp');
  });
  await page.context().close();
}

/** More tasks than one answer has. */
export async function crowd(browser, daemon) {
  await daemon.fill(many(1200));
  const page = await openBoard(browser, daemon);
  await live(page);
  const shown = () => page.locator('main h2').evaluateAll(headings => headings.reduce((sum, { textContent }) => sum + Number(/\d+$/.exec(textContent)[0]), 0));

  await check('live: 1,200 tasks are all there, a hundred of each group shown, and more on demand', async () => {
    await becomes('the sum of the groups', shown, 1200);
    const none = page.locator('section[data-group=none]');
    same(await none.locator('li').count(), 100, 'rows without a date');
    await none.locator('.more').click();
    same(await none.locator('li').count(), 300, 'rows without a date after Show more');
  });

  await check('live: a reading that breaks off half way begins anew, and what changed meanwhile is there', async () => {
    let broken = false;
    await page.route('**/mcp', async route => {
      if (broken || !route.request().postData().includes('"after"')) return route.fallback();
      broken = true;
      await daemon.add('Added while it was read due:2020-01-01');
      return route.abort();
    });
    await page.reload();
    await shows(page, 'Added while it was read');
    await becomes('the sum of the groups', shown, 1201);
    expect(broken, 'no reading was broken off');
    await page.context().close();
  });
}

