// What `install` writes, read by the parsers that hosts use or by others than ours: nothing else has changed, and the
// command it names starts the server. Where a person edits the file, it is edited here as they are told.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { parse as parseJsonc } from 'jsonc-parser';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';

import { check, contains, expect, run, same } from './support.mjs';

const OTHER = { command: 'npx', args: ['-y', 'other'] };
const STRICT = JSON.stringify({ theme: 'dark', mcpServers: { other: OTHER } });
const COMMENTED = container => `// mine
{
  "theme": "dark", // at night
  "${container}": {
    "other": { "command": "npx", "args": ["-y", "other"], }, // theirs
  },
}
`;
const TOML = `# mine
theme = "dark" # at night

[mcp_servers.other] # theirs
command = "npx"
args = ["-y", "other"]

[tui]
notifications = true
`;
const YAML = `# mine
theme: dark # at night
extensions:
  # theirs
  other:
    cmd: npx
    args:
    - -y
    - other
GOOSE_MODE: auto
`;

// For each host: its file, what is in it, who reads it, and where its servers are.
const HOSTS = [
  ['claude-desktop', '.config/Claude/claude_desktop_config.json', STRICT, JSON.parse, 'mcpServers'],
  ['claude-code', '.claude.json', STRICT, JSON.parse, 'mcpServers'],
  ['codex', '.codex/config.toml', TOML, toml, 'mcp_servers'],
  ['vscode', '.config/Code/User/mcp.json', COMMENTED('servers'), jsonc, 'servers'],
  ['cursor', '.cursor/mcp.json', STRICT, JSON.parse, 'mcpServers'],
  ['gemini', '.gemini/settings.json', COMMENTED('mcpServers'), jsonc, 'mcpServers'],
  ['zed', '.config/zed/settings.json', COMMENTED('context_servers'), jsonc, 'context_servers'],
  ['goose', '.config/goose/config.yaml', YAML, parseYaml, 'extensions'],
];

// The parser of VS Code, which goes on after errors unless it is asked for them.
function jsonc(text) {
  const errors = [];
  const value = parseJsonc(text, errors, { allowTrailingComma: true });
  same(errors, [], 'the errors of the parser');
  return value;
}

// The parser's objects have no prototype, which is no difference here.
function toml(text) {
  return JSON.parse(JSON.stringify(parseToml(text)));
}

// Where install looks depends on the system; the tests of the crate hold the places of all of them.
function place(home, file) {
  if (process.platform === 'linux') return join(home, file);
  if (process.platform === 'darwin') {
    const moved = /^\.config\/(Claude|Code)\//.test(file);
    return join(home, moved ? file.replace('.config', 'Library/Application Support') : file);
  }
  throw new Error(`these checks know no places on ${process.platform}`);
}

async function started(home, entry) {
  const { command, args } = { command: entry.cmd, ...entry };
  const client = new Client({ name: 'interop', version: '1.0.0' });
  // No more of the environment than hosts give.
  await client.connect(new StdioClientTransport({ command, args, env: { HOME: home } }));
  const added = await client.callTool({ name: 'add_task', arguments: { title: 'from the host' } });
  expect(!added.isError, `add_task failed: ${JSON.stringify(added)}`);
  await client.close();
}

// Does what a person is told of their file, and returns what it says then.
function followed(text, { instruction, lines }) {
  if (instruction.startsWith('write this to the new file')) return lines;
  if (instruction.startsWith('add this below "extensions:"')) return text.replace(/^extensions:\n/m, `$&${lines}`);
  throw new Error(`nobody here knows how to ${instruction}`);
}

async function edited(binary, home, [host, name, before, parse, container]) {
  const file = place(home, name);
  const taskhold = (...args) => promisify(execFile)(binary, args, { env: { HOME: home } });
  for (const [what, text] of [['what was there', before], ['a new file', null]]) {
    await check(`${host}: ${what} is edited, reads back, and starts the server`, async () => {
      await rm(dirname(file) === home ? file : dirname(file), { recursive: true, force: true });
      await mkdir(dirname(file), { recursive: true });
      if (text !== null) await writeFile(file, text);
      const { files: [{ by_hand: byHand }] } = JSON.parse((await taskhold('install', host, '--json')).stdout);
      if (byHand) {
        await writeFile(file, followed(text, byHand));
        contains((await taskhold('install', host)).stdout, 'nothing to change', 'install, once it is there');
      }
      const { [container]: { tasks, ...others }, ...rest } = parse(await readFile(file, 'utf8'));
      const { [container]: othersBefore, ...restBefore } = text === null ? { [container]: {} } : parse(text);
      same(others, othersBefore, 'the other servers');
      same(rest, restBefore, 'everything else');
      await started(home, tasks);
      const listed = await taskhold('list');
      contains(listed.stdout, 'from the host', 'the list in the shell');
      await taskhold('install', host, '--remove');
      if (byHand) {
        const left = parse(await readFile(file, 'utf8'));
        expect(left[container].tasks, 'install --remove edited a file that is left to the person');
      } else if (text === null) {
        expect(!existsSync(file), 'a file that was made for taskhold is left after --remove');
      } else {
        same(parse(await readFile(file, 'utf8')), parse(text), 'what is left after --remove');
      }
    });
  }
}

await run(async binary => {
  for (const host of HOSTS) {
    const home = await realpath(await mkdtemp(join(tmpdir(), 'taskhold-interop-')));
    try {
      await edited(binary, home, host);
    } finally {
      await rm(home, { recursive: true, force: true }).catch(() => {});
    }
  }
});
