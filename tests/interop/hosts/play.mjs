// Plays the script in real hosts: node play.mjs LOGS BINARY HOST... See run.

import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as bare from './bare.mjs';
import { changed, faults } from './compare.mjs';
import { HOSTS, versionOf } from './hosts.mjs';
import { Model } from './model.mjs';
import { command, endAll, start } from './processes.mjs';
import { differences } from './schemas.mjs';
import { CALLS } from './script.mjs';

// How long a host may say nothing to its model: a guard against waiting for ever. All of it takes 6 to 60 s of a processor.
const SILENCE_MS = 600_000;

async function playIn(name, binary, logs) {
  const host = HOSTS[name];
  const root = await realpath(await mkdtemp(join(tmpdir(), 'taskhold-hosts-')));
  const model = new Model(CALLS, host);
  try {
    const url = await model.listen();
    const said = await withoutAHost(host, binary, join(root, 'bare'), url);
    const setup = { name, host, binary, model, url };
    const windows = [await overStdio(setup, join(root, 'stdio')), await overHttp(setup, join(root, 'stdio'), join(root, 'http'))];
    const guard = setTimeout(endAll, SILENCE_MS);
    model.onRequest = () => guard.refresh();
    await Promise.all(windows.map(opened));
    clearTimeout(guard);
    return await report(name, host, model, said, logs);
  } finally {
    endAll();
    model.close();
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }).catch(() => {});
  }
}

/** What the server says to the same calls, and its tools. */
async function withoutAHost(host, binary, home, model) {
  const env = await newHome(home, model);
  const http = await daemon(binary, env);
  const clientInfo = { name: host.clientInfo, version: '1.0.0' };
  return bare.play(CALLS, { clientInfo, stateless: host.stateless, stdio: { command: binary, args: ['mcp'], env }, http });
}

async function overStdio({ name, host, binary, model, url }, home) {
  const env = { ...(await newHome(home, url)), ...host.env({ model: url }) };
  let installed = true;
  await command([binary, 'install', name], env, home).catch(error => {
    if (!error.message.includes('possible values')) throw error;
    console.log(`note ${name}: taskhold install does not know it, so its configuration is written by hand`);
    installed = false;
  });
  await host.install({ home, model: url, installed, command: [binary, 'mcp'] });
  return ['one', 'two'].map(window => ({ host, model, home, env, window }));
}

async function overHttp({ host, binary, model, url }, data, home) {
  const plain = await newHome(home, url);
  const { url: endpoint, token } = await daemon(binary, { ...plain, HOME: data, USERPROFILE: data });
  const env = { ...plain, ...host.env({ model: url, token }) };
  await host.install({ home, model: url, installed: true });
  await host.installHttp({ home, url: endpoint, token, host: (...args) => command([...host.program, ...args], env, home) });
  return ['three', 'four'].map(window => ({ host, model, home, env, window }));
}

async function daemon(binary, env) {
  const line = await start([binary, 'serve', '--listen', '127.0.0.1:0', '--json'], env, env.HOME).line;
  const { token } = JSON.parse(await command([binary, 'token', 'show', '--json'], env, env.HOME));
  return { url: JSON.parse(line).url, token };
}

/** A home of its own, and an environment in which every place beyond this machine leads to the scripted model. */
async function newHome(home, model) {
  await mkdir(join(home, 'work'), { recursive: true });
  await mkdir(join(home, '.tmp'), { recursive: true });
  const proxy = Object.fromEntries(['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].map(name => [name, model]));
  const direct = '127.0.0.1,localhost,::1';
  return {
    ...{ HOME: home, USERPROFILE: home, PATH: process.env.PATH, TMPDIR: join(home, '.tmp'), TERM: 'dumb', NO_COLOR: '1', CI: '1' },
    ...proxy,
    ...{ NO_PROXY: direct, no_proxy: direct },
  };
}

/** Opens the windows of one home, each when the one before has begun, and waits for the end of all. */
async function opened(windows) {
  const ends = [];
  for (const { host, model, home, env, window } of windows) {
    const prompt = host.prompt(`[window ${window}] Look after my tasks.`);
    const { ended } = start([...host.program, ...prompt], env, join(home, 'work'));
    ends.push(ended.then(({ status, output }) => model.left(window, `the window ended with status ${status}`, output)));
    await Promise.race([model.hasBegun(window), ended]);
  }
  await Promise.all(ends);
}

/** Prints what is not as expected, and returns whether everything is. */
async function report(name, host, model, said, logs) {
  const title = `${name} ${await versionOf(name)}`;
  const { answers, requests } = model;
  const record = { title, calls: CALLS, answers, said, declared: Object.fromEntries(model.declared), requests };
  await mkdir(logs, { recursive: true });
  await writeFile(join(logs, `${name}.json`), JSON.stringify(record, null, 2));

  let right = 0;
  const silent = new Set();
  CALLS.forEach(({ window, over, tool, args, expected: usual, stateless }, index) => {
    const expected = host.stateless ? stateless : usual;
    const answer = answers[index];
    const text = answer?.text && host.unwrapped(answer.text);
    const found = faults(expected, answer && { ...answer, text });
    // Errors come in the host's own words, with the server's among them.
    if (found.length === 0 && !expected.refused) found.push(...changed(said.results[index], host.shows, text));
    if (found.length === 0) {
      right += 1;
      return;
    }
    const given = shortened(JSON.stringify(args) ?? 'with the cursor of the answer before');
    console.log(`FAILED ${name}, call ${index + 1}, window ${window} over ${over}: ${tool} ${given}`);
    for (const fault of found) console.log(`  not as expected: ${shortened(fault, 1000)}`);
    if (text === undefined) silent.add(window);
    else console.log(`  got: ${shortened(text, 1000)}`);
  });
  for (const [window, { output }] of model.gone) {
    if (silent.has(window)) console.log(`${name}, window ${window}, printed:\n${output.slice(-2000)}`);
  }

  const schemas = differences(said.tools, model.tools, host);
  if (schemas.length === 0) console.log(`ok ${name}: the tools reach the model whole`);
  for (const difference of schemas) console.log(`FAILED ${name}, the tools as the model sees them: ${difference}`);
  for (const place of model.refused) console.log(`note ${name}: it wanted to reach ${place}, and was not let`);
  console.log(`calls: ${right} of ${CALLS.length} answered as expected (${title})`);
  return right === CALLS.length && schemas.length === 0;
}

const shortened = (text, most = 200) => (text.length > most ? `${text.slice(0, most)}…` : text);

const [logs, binary, ...names] = process.argv.slice(2);
let held = true;
for (const name of names) held = (await playIn(name, binary, logs)) && held;
process.exit(held ? 0 : 1);
