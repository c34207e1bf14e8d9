// What only a browser can show of the threats: tasks that are markup, injected code, frames and pages of other origins.

import { stat } from 'node:fs/promises';
import http from 'node:http';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { check, contains, expect, same, within } from '../node/support.mjs';
import { openedFile } from './daemon.mjs';
import { becomes, drawn, eventually, gatherFaults, live, openBoard, press, shows, signIn, titleOf } from './page.mjs';
import { ARABIC, MARKUP } from './tasks.mjs';

export async function security(browser, daemon) {
  await daemon.add(`${MARKUP} due:today`, ARABIC, 'Sort the photos');
  await daemon.shell('edit', '3', `desc:${MARKUP}`, `project:${MARKUP.slice(0, 40).replaceAll(' ', '_')}`);
  await daemon.shell('comment', '3', MARKUP);
  const page = await openBoard(browser, daemon);
  await live(page);

  await check('security: the code leaves the address, and no cookie is set', async () => {
    same(page.url(), `${daemon.origin}/`, 'the address');
    same(await page.context().cookies(), [], 'cookies');
  });

  await check('security: a code signs in once, and a used one ends no session', async () => {
    const address = await daemon.address();
    const [first, second] = [await browser.newContext(), await browser.newContext()];
    const one = await first.newPage();
    await one.goto(address);
    await drawn(one);
    const two = await second.newPage();
    await two.goto(address);
    await becomes('the reason', () => two.locator('#why').textContent(), /used before/);
    same(two.url(), `${daemon.origin}/`, 'the address');
    const again = await first.newPage();
    await again.goto(address);
    await shows(again, 'Sort the photos');
    await first.close();
    await second.close();
  });

  await check('security: a link that is opened in a tab which shows the page signs in there, and its code leaves the address', async () => {
    const context = await browser.newContext();
    const tab = await context.newPage();
    await tab.goto(`${daemon.origin}/`);
    await tab.locator('#why').waitFor({ state: 'attached' });
    for (let round = 0; round < 2; round++) {
      await tab.goto(await daemon.address());
      await becomes('the address', () => tab.url(), `${daemon.origin}/`);
      await shows(tab, 'Sort the photos');
    }
    await context.close();
  });

  if (process.platform === 'linux') {
    await check('security: `taskhold board` signs the browser in by a file that is yours alone and gone afterwards', async () => {
      const { file, ended } = await openedFile(daemon);
      const path = file.startsWith('file:') ? fileURLToPath(file) : file;
      same((await stat(path)).mode & 0o777, 0o600, 'the mode of the file');
      same(dirname(path), daemon.env.HOME, 'the folder of the file');
      const context = await browser.newContext();
      const fresh = await context.newPage();
      await fresh.goto(pathToFileURL(path).href);
      await shows(fresh, 'Sort the photos');
      same(fresh.url(), `${daemon.origin}/`, 'the address');
      same(await within(ended, 'the end of the command'), [0, null], 'how the command ended');
      same(await stat(path).catch(({ code }) => code), 'ENOENT', 'the file afterwards');
      await context.close();
    });
  } else {
    console.log('not run: the sign-in by a file, since the desktop of this system cannot be stood in for');
  }

  await check('security: titles, descriptions, projects and comments of markup stay text', async () => {
    await shows(page, MARKUP);
    await titleOf(page, 'Sort the photos').click();
    await page.locator('.editor p').filter({ hasText: 'onerror' }).first().waitFor();
    same(await page.locator('#edit-description').inputValue(), MARKUP, 'the description');
    same(await page.locator('main :is(img, script)').count(), 0, 'elements made from tasks');
    same(await page.title(), 'Tasks', 'the title of the page');
    await press(page, 'Escape');
  });

  await check('security: a title that is written from right to left turns nothing around it', async () => {
    same(await titleOf(page, ARABIC).evaluate(title => getComputedStyle(title).unicodeBidi), 'plaintext', 'unicode-bidi of the title');
    await titleOf(page, ARABIC).focus();
    await press(page, '2');
    await becomes('the toast', () => page.locator('#said').textContent(), `Priority changed: ${ARABIC}`);
    same(await page.locator('#said bdi').textContent(), ARABIC, 'what is set apart in the toast');
  });

  await check('security: injected markup, scripts, handlers and evaluated text do not run', async () => {
    const ran = await page.evaluate(async () => {
      const ways = {
        html: () => document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=x onerror="document.title=1">'),
        script: () => document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = "taken"' })),
        handler: () => {
          const made = document.createElement('b');
          made.setAttribute('onclick', 'document.title = "taken"');
          document.body.append(made);
          made.click();
          made.remove();
        },
        // What runs from `evaluate` itself escapes the policy.
        text: () => new Promise((resolve, reject) => setTimeout(() => {
          try {
            resolve(new Function('document.title = "taken"')());
          } catch (error) {
            reject(error);
          }
        })),
      };
      for (const way of Object.values(ways)) {
        try {
          await way();
        } catch {
          // It was stopped with an error; whether it ran is told by the title.
        }
      }
      return { title: document.title, images: document.querySelectorAll('main img').length };
    });
    same(ran, { title: 'Tasks', images: 0 }, 'what ran');
    expect(page.faults.length > 0, 'the policy reported nothing');
  });

  await check('security: nothing is carried to another place', async () => {
    const asked = [];
    const other = await serve((request, response) => {
      asked.push(request.url);
      response.end();
    });
    const ways = await page.evaluate(async elsewhere => {
      const sent = await fetch(`${elsewhere}/fetch`, { mode: 'no-cors' }).then(() => 'sent', () => 'stopped');
      const loaded = await new Promise(resolve => {
        const image = new Image();
        image.onload = () => resolve('sent');
        image.onerror = () => resolve('stopped');
        image.src = `${elsewhere}/image`;
      });
      return [sent, loaded, navigator.sendBeacon(`${elsewhere}/beacon`, 'x') && 'queued'];
    }, other.origin);
    same(ways.slice(0, 2), ['stopped', 'stopped'], 'ways out');
    same(asked, [], 'what arrived elsewhere');
    other.close();
  });

  await check('security: a page of another port can neither frame the board nor read from the daemon', async () => {
    const foreign = await serve((_, response) => response.setHeader('content-type', 'text/html').end(`<iframe src="${daemon.origin}/"></iframe>`));
    for (const host of ['127.0.0.1', 'localhost']) {
      const thief = await page.context().newPage();
      await thief.goto(`http://${host}:${foreign.port}/`);
      const framed = await thief.frames()[1]?.evaluate(() => document.body?.innerText ?? '').catch(() => 'blocked');
      expect(!/Add a task|Sort the photos/.test(framed ?? ''), `framed by ${host}: ${framed}`);
      const read = await thief.evaluate(async origin => {
        const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
        const ways = [['/', {}], ['/mcp', json], ['/board/login', json], ['/board/code', json]];
        return Promise.all(ways.map(([path, given]) => fetch(origin + path, { credentials: 'include', ...given }).then(({ status }) => status, () => 'blocked')));
      }, daemon.origin);
      same(read, ['blocked', 'blocked', 'blocked', 'blocked'], `what a page of ${host} reads`);
      await thief.close();
    }
    foreign.close();
  });

  await check('security: a read-only page shows tasks and offers no change; what is sent all the same is refused', async () => {
    const only = await openBoard(browser, daemon, { words: ['--read-only'] });
    await shows(only, 'Sort the photos');
    same(await only.locator('.write:visible').count(), 0, 'controls that write');
    const before = await daemon.shell('log');
    await titleOf(only, 'Sort the photos').focus();
    for (const key of [' ', 's', '1', '0', 'Delete', 'd', 'Escape', 'z']) await press(only, key);
    await becomes('what is said', () => only.locator('#hint').textContent(), /only looks|no change/);
    const answer = await only.evaluate(async () => {
      const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } } } };
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${localStorage['taskhold.session']}`, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'board_write' };
      const params = { name: 'board_write', arguments: { add: 'Taken' }, _meta };
      return (await fetch('mcp', { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }) })).text();
    });
    contains(answer, 'for reading only', 'the answer of the daemon');
    same(await daemon.shell('log'), before, 'the log');
    await only.context().close();
  });

  await check('security: Sign out ends the session in every tab, and the token is dead', async () => {
    const tab = await page.context().newPage();
    await tab.goto(daemon.origin);
    await shows(tab, 'Sort the photos');
    const token = await tab.evaluate(() => localStorage['taskhold.session']);
    await tab.getByRole('button', { name: 'Sign out' }).click();
    for (const one of [tab, page]) {
      await one.locator('#login').waitFor();
      same(await one.locator('main li').count(), 0, 'tasks in the page');
      same(await one.evaluate(() => localStorage['taskhold.session']), undefined, 'the kept token');
    }
    const { status } = await fetch(`${daemon.origin}/mcp`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: '{}' });
    same(status, 401, 'the status for the old token');
  });

  await check('security: rotating the token signs the page out within seconds', async () => {
    const fresh = await page.context().newPage();
    gatherFaults(fresh);
    await signIn(fresh, daemon);
    await live(fresh);
    await daemon.shell('token', 'rotate');
    await fresh.locator('#login').waitFor();
    await becomes('the reason', () => fresh.locator('#why').textContent(), /signed out/);
    await eventually('no task is left', async () => (await fresh.locator('main li').count()) === 0);
  });
  await page.context().close();
}

/** Serves on a free port of this machine: another program's page. */
async function serve(answer) {
  const server = http.createServer(answer);
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return { port, origin: `http://127.0.0.1:${port}`, close: () => server.close() };
}
