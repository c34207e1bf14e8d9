// Counts the tokens (o200k vocabulary) that a model reads of taskhold, the MCP memory server and Backlog.md, and prints a table.
//
// `benches/tokens/run` prepares everything this needs and starts it.

import { execFileSync } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

import { play, playBacklog } from '../../tests/interop/day/play.mjs';
import { Server } from '../../tests/interop/day/server.mjs';
import { operations } from './session.mjs';

const require = createRequire(import.meta.url);
const inPackages = name => fileURLToPath(new URL(`node_modules/${name}`, import.meta.url));
const BACKLOG = inPackages('backlog.md-linux-x64/backlog');
const MEMORY = inPackages('.bin/mcp-server-memory');
const version = name => require(`./node_modules/${name}/package.json`).version;

const { values } = parseArgs({
  options: { taskhold: { type: 'string' }, before: { type: 'string' }, replies: { type: 'boolean', default: false } },
});

/** The servers, each as a function that starts it in a new folder. */
const taskhold = binary => folder => Server.start(binary, ['mcp', '--db', join(folder, 'tasks.db')], { env: { HOME: folder, TZ: 'UTC' } });

function backlog(folder) {
  const options = { cwd: folder, env: { PATH: process.env.PATH, HOME: folder, TZ: 'UTC' }, stdio: 'pipe' };
  execFileSync('git', ['init', '--quiet'], options);
  execFileSync(BACKLOG, ['init', 'tasks', '--defaults', '--integration-mode', 'mcp'], options);
  return Server.start(BACKLOG, ['mcp', 'start'], options);
}

function memory(folder) {
  const env = { HOME: folder, MEMORY_FILE_PATH: join(folder, 'memory.json') };
  return Server.start(MEMORY, [], { env });
}

async function inFolder(body) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'taskhold-tokens-')));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

/** What a host sends with every conversation: the tools as JSON, and the instructions. */
function surface({ tools, instructions }) {
  const sent = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  return { tools: countTokens(JSON.stringify(sent)), instructions: countTokens(instructions) };
}

/** Counts what a model reads of replies: in a host that shows the text, and in one that shows the structured content if there is one. */
class Reader {
  calls = 0;
  refused = 0;
  text = 0;
  structured = 0;

  constructor(server, name, folder) {
    this.server = server;
    this.name = name;
    this.folder = folder;
  }

  call = async (tool, args) => {
    const reply = await this.server.call(tool, args);
    // The name of the folder is of this run; its tokens are not.
    const cost = countTokens(reply.text.replaceAll(this.folder, '/home/me/tasks'));
    this.calls += 1;
    this.refused += reply.isError ? 1 : 0;
    this.text += cost;
    this.structured += reply.structured && !reply.isError ? countTokens(JSON.stringify(reply.structured)) : cost;
    if (values.replies) console.error(`${this.name}: ${tool} ${JSON.stringify(args)}: ${cost} tokens\n${reply.text}\n`);
    return reply;
  };
}

async function session(name, kind, start) {
  return inFolder(async folder => {
    const server = await start(folder);
    const reader = new Reader(server, name, folder);
    for (const operation of operations()) {
      for (const [tool, args] of operation[kind]) {
        const { isError, text } = await reader.call(tool, args);
        // The session is one that works; the figures of one that does not would say nothing.
        if (isError) throw new Error(`${name} refused ${tool} ${JSON.stringify(args)}: ${text}`);
      }
    }
    await server.stop();
    return { ...reader, surface: surface(server) };
  });
}

async function day(name, start, { isBacklog = false } = {}) {
  return inFolder(async folder => {
    const server = await start(folder);
    const reader = new Reader(server, name, folder);
    let served;
    if (isBacklog) {
      served = await playBacklog(reader.call);
    } else {
      const other = await start(folder);
      const look = async (tool, args) => {
        const { isError, text, structured } = await other.call(tool, args);
        if (isError) throw new Error(text);
        return structured;
      };
      served = await play(server.tools, reader.call, look);
      await other.stop();
    }
    await server.stop();
    const partly = served.filter(({ otherwise }) => otherwise);
    for (const { says, otherwise } of partly) console.error(`${name}: not in full: "${says}" ${otherwise.split('\n')[0]}`);
    return { ...reader, full: served.length - partly.length, of: served.length };
  });
}

const sides = [
  ...(values.before ? [{ name: 'taskhold, before', kind: 'taskhold', start: taskhold(values.before) }] : []),
  { name: 'taskhold', kind: 'taskhold', start: taskhold(values.taskhold) },
  { name: `memory server ${version('@modelcontextprotocol/server-memory')}`, kind: 'memory', start: memory },
  { name: `Backlog.md ${version('backlog.md-linux-x64')}`, kind: 'backlog', start: backlog },
];
for (const side of sides) {
  side.session = await session(side.name, side.kind, side.start);
  if (side.kind !== 'memory') side.day = await day(side.name, side.start, { isBacklog: side.kind === 'backlog' });
}

const count = number => number.toLocaleString('en-US');
const total = ({ session: { surface } }) => surface.tools + surface.instructions;
const rows = [
  ['tools (names, descriptions, input schemas)', side => count(side.session.surface.tools)],
  ['instructions', side => count(side.session.surface.instructions)],
  ['**50 operations**: calls', side => count(side.session.calls)],
  ['replies', side => count(side.session.text)],
  ['replies, in a host that shows structured content', side => count(side.session.structured)],
  ['all that the model reads: tools, instructions, replies', side => count(total(side) + side.session.text)],
  ['**a day of 30 sentences**: calls', side => side.day && `${side.day.calls}`],
  ['sentences served in full', side => side.day && `${side.day.full} of ${side.day.of}`],
  ['replies', side => side.day && count(side.day.text)],
  ['all that the model reads', side => side.day && count(total(side) + side.day.text)],
];
console.log(`| tokens | ${sides.map(({ name }) => name).join(' | ')} |`);
console.log(`|---|${sides.map(() => '---:|').join('')}`);
for (const [what, cell] of rows) console.log(`| ${what} | ${sides.map(side => cell(side) ?? '').join(' | ')} |`);

const [now, before, other] = [sides.find(({ name }) => name === 'taskhold'), values.before && sides[0], sides.at(-1)];
const ratio = (part, whole) => (part / whole).toFixed(2);
const against = ({ session, day }) =>
  `${ratio(now.session.text, session.text)} in the 50 operations, ${ratio(now.day.text, day.text)} in the day`;
if (before) console.log(`\nReplies of taskhold, times those before: ${against(before)}.`);
console.log(`\nReplies of taskhold, times those of ${other.name}: ${against(other)}.`);
