// Pictures of the page, to look at: tests/interop/board/pictures.mjs BINARY FOLDER. With a daily list, and with tasks of which
// there is too much: text, tags, subtasks, letters from right to left, markup, 2,000 of them.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { run } from '../node/support.mjs';
import { startChromium } from './browser.mjs';
import { chatPictures } from './chat.mjs';
import { withBoard } from './daemon.mjs';
import { live, openBoard, titleOf } from './page.mjs';
import { ARABIC, MARKUP, fillDaily, many } from './tasks.mjs';

const LONG = 'Ten thousand letters in a description ';
const folder = process.argv[3] ?? 'pictures';
await mkdir(folder, { recursive: true });

await run(async binary => {
  const browser = await startChromium();
  const take = (page, name) => page.screenshot({ path: join(folder, `${name}.png`) });

  await withBoard(binary, async daemon => {
    await fillDaily(daemon);
    await chatPictures(browser, daemon, take);
    const picture = await openBoard(browser, daemon, { viewport: { width: 960, height: 620 } });
    await live(picture);
    await picture.locator('#board').click();
    // The one in README and in the bundle: docs/images/board.png.
    await take(picture, 'board');
    await picture.context().close();
    for (const [width, height] of [[1280, 800], [640, 800], [320, 700]]) {
      for (const colorScheme of ['light', 'dark']) {
        const page = await openBoard(browser, daemon, { viewport: { width, height }, colorScheme });
        await live(page);
        await take(page, `list-${width}-${colorScheme}`);
        await titleOf(page, 'Paint the hallway').click();
        await page.locator('.editor').getByText('Comments').waitFor();
        await page.locator('.editor').scrollIntoViewIfNeeded();
        await take(page, `opened-${width}-${colorScheme}`);
        await page.keyboard.press('Escape');
        await page.locator('#board').click();
        await page.evaluate(() => scrollTo(0, 0));
        await take(page, `board-${width}-${colorScheme}`);
        await page.context().close();
      }
    }
  });

  await withBoard(binary, async daemon => {
    const words = Array.from({ length: 60 }, (_, at) => `+tag${at}`).join(' ');
    await daemon.add(`Too many tags due:today ${words}`, `${MARKUP} due:today`, ARABIC, 'Emoji 🎉👩‍👩‍👧‍👦🇪🇺 and 漢字 due:today +🎈', `${'Averyveryverylongwordwithoutablank'.repeat(12)} due:today`);
    await daemon.add(`${LONG}due:today`, 'A task with a hundred subtasks due:today', `${'Every word of this title is short but there are many of them. '.repeat(7)} due:tomorrow`);
    await daemon.shell('edit', '6', `desc:${'All of this is one long description. '.repeat(270)}`);
    await daemon.shell('comment', '6', 'A comment that is long as well. '.repeat(60));
    for (let at = 0; at < 100; at += 1) await daemon.shell('add', `Part ${at + 1} of a hundred parent:7`);
    for (const width of [1280, 320]) {
      const page = await openBoard(browser, daemon, { viewport: { width, height: 900 } });
      await live(page);
      await take(page, `much-list-${width}`);
      await page.locator('#board').click();
      await take(page, `much-board-${width}`);
      await page.locator('#list').click();
      for (const [name, title] of [['tags', 'Too many tags'], ['text', LONG.trim()], ['subtasks', 'A task with a hundred subtasks'], ['arabic', ARABIC]]) {
        await titleOf(page, title).click();
        await page.locator('.editor').getByText('Comments').waitFor();
        await titleOf(page, title).evaluate(row => row.scrollIntoView());
        await take(page, `much-${name}-${width}`);
        await page.keyboard.press('Escape');
      }
      await page.context().close();
    }
  });

  await withBoard(binary, async daemon => {
    await daemon.fill(many(2000));
    const page = await openBoard(browser, daemon, { viewport: { width: 1280, height: 900 } });
    await live(page);
    await take(page, 'many-list');
    await page.locator('#board').click();
    await take(page, 'many-board');
    await page.context().close();
  });
  await browser.close();
});
