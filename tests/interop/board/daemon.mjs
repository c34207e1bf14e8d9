// A daemon with a database in a folder of its own, which can be ended and started anew on the same port.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

import { expect, withTaskFile, within } from '../node/support.mjs';
import { eventually } from './page.mjs';

export class Daemon {
  #process;

  constructor(binary, db) {
    this.binary = binary;
    this.db = db;
    this.env = { HOME: dirname(db), TZ: 'UTC' };
    // Also when the program ends before its time.
    process.on('exit', () => this.kill());
  }

  /** Starts it, the first time on a free port, and waits until it listens. */
  async start() {
    this.#process = spawn(this.binary, ['serve', '--listen', String(this.port ?? 0), '--db', this.db], { env: this.env, stdio: ['ignore', 'pipe', 'ignore'] });
    for await (const line of createInterface(this.#process.stdout)) {
      if (!line.startsWith('listening: ')) continue;
      this.origin = new URL(line.split(/\s+/)[1]).origin;
      this.port = Number(new URL(this.origin).port);
      return;
    }
    expect(false, 'the daemon did not start');
  }

  async stop() {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await within(ended, 'the end of the daemon');
  }

  kill() {
    this.#process?.kill('SIGKILL');
  }

  /** Runs one command in a process of its own, and returns what it printed. */
  async shell(...args) {
    const { stdout } = await promisify(execFile)(this.binary, [...args, '--db', this.db], { env: this.env, timeout: 30_000 });
    return stdout;
  }

  /** Adds tasks, each a line of quick words. */
  async add(...lines) {
    for (const line of lines) await this.shell('add', line);
  }

  /** Adds many tasks at once, as lines of todo.txt. */
  async fill(lines) {
    const file = join(dirname(this.db), 'fill.txt');
    await writeFile(file, lines.join('\n'));
    await this.shell('import', file);
  }

  async list(...args) {
    return this.shell('list', ...args);
  }

  async token() {
    return (await this.shell('token', 'show')).trim();
  }

  /** Returns the address that signs a browser in, once. */
  async address(...args) {
    const printed = await this.shell('board', '--print', ...args);
    return /http:\S+/.exec(printed)[0];
  }
}

/**
 * Runs `taskhold board` with a program in the place of the desktop's opener, which writes down what it is asked to open.
 * Returns that and the promise of the command's end.
 */
export async function openedFile(daemon) {
  const folder = join(dirname(daemon.db), 'desktop');
  await mkdir(folder, { recursive: true });
  const note = join(folder, 'opened');
  await writeFile(join(folder, 'xdg-open'), `#!/bin/sh\nprintf %s "$1" >'${note}.part' && mv '${note}.part' '${note}'\n`, { mode: 0o755 });
  const env = { ...daemon.env, PATH: `${folder}:/usr/bin:/bin` };
  const command = spawn(daemon.binary, ['board', '--db', daemon.db], { env, stdio: 'ignore' });
  const ended = once(command, 'exit');
  await eventually('the browser is asked to open a file', () => readFile(note).then(() => true, () => false));
  return { file: String(await readFile(note)), ended };
}

/** Runs `body` with a daemon, for as long as it takes. */
export function withBoard(binary, body) {
  return withTaskFile(async db => {
    const daemon = new Daemon(binary, db);
    try {
      await daemon.start();
      await body(daemon);
    } finally {
      daemon.kill();
    }
  });
}
