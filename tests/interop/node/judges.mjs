// Judges by others: the official conformance suite, for both eras, and the Inspector's command line over HTTP.

import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { withDaemon, withFixtures } from './daemon.mjs';
import { check, contains, expect, run, withTaskFile } from './support.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const bin = name => join(here, '../node_modules/.bin', name);

/** Runs a judge to its end, and returns its status and all it said. */
async function judge(program, args, env = {}) {
  const options = { env: { ...process.env, ...env }, cwd: await mkdtemp(join(tmpdir(), 'taskhold-judge-')), maxBuffer: 1 << 26 };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [bin(program), ...args], options);
    return { status: 0, said: stdout + stderr };
  } catch (error) {
    return { status: error.code, said: `${error.stdout}${error.stderr}` };
  }
}

await run(async binary => {
  const subjects = [
    ['product', withDaemon],
    ['fixtures', withFixtures],
  ];
  const runs = subjects.flatMap(subject => ['2026-07-28', '2025-11-25'].map(requirements => [requirements, ...subject]));
  for (const [requirements, subject, withSubject] of runs) {
    await withTaskFile(db =>
      withSubject(binary, db, (url, token) =>
        check(`conformance suite, ${requirements}, ${subject}: every failure is an expected one, and no other`, async () => {
          const authorize = pathToFileURL(join(here, 'authorize.mjs')).href;
          const env = { NODE_OPTIONS: `--import ${authorize}`, TASKHOLD_URL: url, TASKHOLD_TOKEN: token };
          const expected = join(here, `../conformance/${subject}-${requirements}.yml`);
          const args = ['server', '--url', url, '--requirements', requirements, '--expected-failures', expected, '-o', 'out'];
          const { status, said } = await judge('conformance', args, env);
          expect(status === 0, said.slice(Math.max(0, said.indexOf('=== SUMMARY'))));
          contains(said, 'passed', 'the summary');
        }),
      ),
    );
  }
  for (const era of ['legacy', 'modern']) {
    await withTaskFile(db =>
      withDaemon(binary, db, async (url, token) => {
        const inspect = async (...args) => {
          const header = ['--header', `Authorization: Bearer ${token}`];
          const common = ['--cli', '--transport', 'http', '--server-url', url, ...header, '--protocol-era', era, '--format', 'json', '-q'];
          const { status, said } = await judge('mcp-inspector', [...common, ...args]);
          expect(status === 0, `it ended with ${status}: ${said}`);
          return said;
        };
        await check(`inspector over http, ${era}: lists tools, adds a task, reads it`, async () => {
          contains(await inspect('--method', 'tools/list'), 'add_task', 'the tools');
          const add = ['--method', 'tools/call', '--tool-name', 'add_task', '--tool-args-json', '{"title":"Inspected"}'];
          contains(await inspect(...add), 'Inspected', 'the answer');
          contains(await inspect('--method', 'resources/read', '--uri', 'tasks://all'), 'Inspected', 'the resource');
        });
      }),
    );
  }
});
