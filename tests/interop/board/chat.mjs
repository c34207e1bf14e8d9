// The board in a chat: the server over stdio, the AppBridge of ext-apps as the host, in Chromium.

import http from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { build } from 'esbuild';

import { check, contains, expect, same, serverCommand } from '../node/support.mjs';
import { examine } from './looks.mjs';
import { becomes, eventually, gatherFaults } from './page.mjs';
import { fillDaily } from './tasks.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const PAGE = 'ui://taskhold/board.html';
const MIME = 'text/html;profile=mcp-app';
const UI = { extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: [MIME] } } };

async function connect(daemon, capabilities, mode) {
  const client = new Client({ name: 'test-host', version: '1.0.0' }, { capabilities, versionNegotiation: { mode } });
  await client.connect(new StdioClientTransport({ ...serverCommand(daemon.binary, daemon.db), stderr: 'ignore' }));
  return client;
}

/** Serves the host's page, the view's page as the server gives it, and the view's calls. */
async function serveHost(client) {
  const bundled = await build({ entryPoints: [join(here, 'chat-host.js')], bundle: true, format: 'iife', write: false, logLevel: 'error' });
  const page = (await client.readResource({ uri: PAGE })).contents[0].text;
  const answers = {
    '/': ['text/html', '<!doctype html><html lang="en"><title>A chat</title><body><script src="/host.js"></script>'],
    '/host.js': ['text/javascript', bundled.outputFiles[0].text],
    '/board.html': ['text/html', page],
  };
  const server = http.createServer(async (request, response) => {
    if (request.url !== '/ask') {
      const [type, text] = answers[request.url] ?? ['text/plain', ''];
      return response.setHeader('content-type', type).end(text);
    }
    let body = '';
    for await (const part of request) body += part;
    const { method, params } = JSON.parse(body);
    const answer = await client[method](params).then(result => ({ result }), error => ({ error: error.message }));
    return response.end(JSON.stringify(answer));
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** Opens the host's page and boots the view in it; `options` are those of `boot` in chat-host.js. */
async function openView(browser, host, { examined, ...options }, viewport) {
  const context = await browser.newContext({ viewport, bypassCSP: examined });
  await context.clock.install();
  const page = await context.newPage();
  gatherFaults(page);
  await page.goto(host.url);
  await page.evaluate(given => boot(given), options);
  const view = page.frameLocator('#view');
  if (options.visible !== false) await view.locator('main li').first().waitFor();
  return { page, view, heard: () => page.evaluate(() => heard) };
}

/** Takes pictures of the view, a few tasks of it and one opened, in both themes. */
export async function chatPictures(browser, daemon, take) {
  const client = await connect(daemon, UI, 'auto');
  const host = await serveHost(client);
  for (const [width, theme] of [[760, 'light'], [760, 'dark'], [360, 'dark']]) {
    const { page, view } = await openView(browser, host, { theme }, { width, height: 520 });
    await page.evaluate(dark => (document.body.style.background = dark ? '#1a1917' : '#fff'), theme === 'dark');
    await take(page, `chat-${width}-${theme}`);
    await view.locator('main li .title').first().click();
    await view.locator('.editor').waitFor();
    await take(page, `chat-opened-${width}-${theme}`);
    await page.context().close();
  }
  host.close();
  await client.close();
}

export async function chat(browser, daemon) {
  await fillDaily(daemon);
  await check('chat: a client without apps is offered no tool and no page of the board', async () => {
    for (const mode of ['legacy', 'auto']) {
      const client = await connect(daemon, {}, mode);
      const { tools } = await client.listTools();
      same(tools.filter(({ name, _meta }) => name.includes('board') || _meta?.ui).map(({ name }) => name), [], `${mode}: tools`);
      await client.close();
    }
  });
  const client = await connect(daemon, UI, 'auto');
  await check('chat: a client with apps is offered show_board with its page, and the page’s own tools as such', async () => {
    const { tools } = await client.listTools();
    const of = name => tools.find(tool => tool.name === name)?._meta?.ui;
    same(of('show_board'), { resourceUri: PAGE, visibility: ['model', 'app'] }, 'show_board');
    for (const name of ['board_read', 'board_write']) same(of(name)?.visibility, ['app'], name);
    const { contents } = await client.readResource({ uri: PAGE });
    same([contents[0].mimeType, typeof contents[0]._meta?.ui?.prefersBorder], [MIME, 'boolean'], 'the page');
    const shown = await client.callTool({ name: 'show_board', arguments: {} });
    contains(shown.content[0].text, 'Call the dentist', 'what a model reads without the page');
  });
  const host = await serveHost(client);

  const open = (options, viewport) => openView(browser, host, options, viewport);

  for (const [width, rows] of [[760, 7], [360, 4]]) {
    await check(`chat: ${rows} rows at ${width} px, in at most 485 px, and no more with a task opened`, async () => {
      const { page, view, heard } = await open({}, { width, height: 900 });
      same(await view.locator('main li').count(), rows, 'rows');
      await eventually('the view tells its height', async () => (await heard()).heights.length > 0);
      await view.locator('main li .title').first().click();
      await view.locator('.editor').waitFor();
      await view.getByText('Details').click();
      await view.getByText('Comments').waitFor();
      await eventually('the opened task has the frame to itself', async () => (await view.locator('main li').count()) === 1);
      const { heights } = await heard();
      expect(Math.max(...heights) <= 485, `heights: ${heights}`);
      same(await view.locator('html').evaluate(html => html.scrollWidth > innerWidth), false, 'wider than the frame');
      same(page.faults, [], 'faults');
      await page.context().close();
    });
  }

  const { page, view, heard } = await open({ theme: 'dark', variables: { '--color-background-primary': 'rgb(20, 20, 24)' } }, { width: 760, height: 900 });
  await check('chat: the view adds, completes and takes back, and tells the model in one line', async () => {
    await view.locator('#add').fill('From the chat due:2020-01-01');
    await view.locator('#add').press('Enter');
    await view.getByRole('button', { name: 'From the chat', exact: true }).waitFor();
    await view.getByRole('checkbox', { name: 'Complete From the chat' }).click();
    await view.getByRole('button', { name: 'From the chat', exact: true }).waitFor({ state: 'detached' });
    await view.locator('#undo').click();
    await view.getByRole('button', { name: 'From the chat', exact: true }).waitFor();
    const { told } = await heard();
    expect(/^The user did on the board: Added \d+ From the chat; Completed \d+ From the chat; Taken back \d+ From the chat$/.test(told.at(-1)), `it told ${told.at(-1)}`);
    expect(!told.some(text => text.includes('\n')), 'a telling has more than one line');
  });

  await check('chat: the view asks for what is new alone, and steals no news from the model', async () => {
    await daemon.add('From a shell due:2020-01-02');
    await view.getByRole('button', { name: 'From a shell', exact: true }).waitFor();
    const { calls } = await heard();
    same(calls.filter(({ name, arguments: given }) => name === 'board_read' && Object.keys(given).length === 0).length, 1, 'whole readings');
    const { content } = await client.callTool({ name: 'list_tasks', arguments: {} });
    contains(content[0].text, 'cli', 'what the model hears of the shell');
  });

  await check('chat: the full view has groups and the board, the host’s theme is taken over while it runs', async () => {
    await view.locator('#full').click();
    await view.locator('html[data-mode=fullscreen]').waitFor();
    await view.locator('section[data-group=overdue]').waitFor();
    await page.evaluate(() => bridge.setHostContext({ theme: 'light' }));
    await view.locator('html[data-theme=light]').waitFor();
    same(await view.locator('html').evaluate(html => getComputedStyle(html).backgroundColor), 'rgba(0, 0, 0, 0)', 'the background of the frame');
    same(await view.locator('html').evaluate(html => getComputedStyle(html).colorScheme), 'normal', 'color-scheme');
  });

  await check('chat: asked to end, the view answers, and asks no more', async () => {
    const count = async () => (await heard()).calls.length;
    const asked = await count();
    await page.clock.fastForward(6000);
    await eventually('the view asks every five seconds', async () => (await count()) > asked);
    same(await page.evaluate(() => bridge.teardownResource({})), {}, 'the answer');
    const before = await count();
    await page.clock.fastForward(20_000);
    same(await count(), before, 'calls');
    same(page.faults, [], 'faults');
    await page.context().close();
  });

  await check('chat: a view that is not seen does not ask', async () => {
    const hidden = await open({ visible: false }, { width: 760, height: 700 });
    // Once when it starts, and once more when the host gives it the tool's result.
    await eventually('the view reads twice', async () => (await hidden.heard()).calls.length === 2);
    const { calls } = await hidden.heard();
    await daemon.add('While nobody looked due:2020-01-03');
    await hidden.page.clock.fastForward(20_000);
    same((await hidden.heard()).calls.length, calls.length, 'calls');
    await hidden.page.locator('#view').scrollIntoViewIfNeeded();
    await hidden.view.getByRole('button', { name: 'While nobody looked', exact: true }).waitFor();
    await hidden.page.context().close();
  });

  await check('chat: axe-core finds nothing with a host’s colours, in both themes', async () => {
    for (const theme of ['light', 'dark']) {
      const variables = theme === 'dark'
        ? { '--color-background-primary': '#141418', '--color-text-primary': '#ececf1', '--color-border-primary': '#26262c' }
        : { '--color-background-primary': '#ffffff', '--color-text-primary': '#111111', '--color-border-primary': '#eeeeee' };
      const shown = await open({ theme, variables, examined: true, modes: ['inline'] }, { width: 760, height: 900 });
      expect(!(await shown.view.locator('#full').isVisible()), 'a full view is offered that the host does not have');
      const [, frame] = shown.page.frames();
      // The frame lets the host's background through, which axe-core does not see from inside.
      await frame.evaluate(colour => (document.documentElement.style.background = colour), variables['--color-background-primary']);
      await examine(frame, `in a chat, ${theme}`);
      await shown.page.context().close();
    }
  });
  host.close();
  await client.close();
}
