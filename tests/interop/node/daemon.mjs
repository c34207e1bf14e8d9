// A daemon on a free port, for as long as a body runs: its URL and its token.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { expect, same, within } from './support.mjs';

export function withDaemon(binary, db, body) {
  return during([binary, 'serve', '--listen', '0', '--db', db], binary, db, body);
}

/** As `withDaemon`, with what the conformance suite asks for in the place of the tasks. */
export function withFixtures(binary, db, body) {
  return during([join(dirname(binary), 'examples/conformance'), '--db', db], binary, db, body);
}

async function during([program, ...args], binary, db, body) {
  const env = { HOME: dirname(db) };
  const daemon = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(daemon, 'exit');
  // One that cannot be started is told where its URL is awaited.
  ended.catch(() => {});
  try {
    let url;
    for await (const line of createInterface(daemon.stdout)) {
      if (line.startsWith('listening: ')) {
        url = line.split(/\s+/)[1];
        break;
      }
    }
    expect(url, 'the daemon did not start');
    const { stdout } = await promisify(execFile)(binary, ['token', 'show', '--db', db], { env });
    await body(url, stdout.trim());
    daemon.kill('SIGTERM');
    same(await within(ended, 'the end of the daemon'), [0, null], 'how the daemon ended');
  } finally {
    daemon.kill('SIGKILL');
  }
}
