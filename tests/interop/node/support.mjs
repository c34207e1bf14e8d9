// What both Node programs need: checks that print a line, deadlines, and a task file in a folder of its own.

import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';

// Generous, so that a loaded machine passes; short enough that a hang is told, not waited out.
const DEADLINE_MS = 30_000;
const PROGRAM_DEADLINE_MS = 240_000;

/** A check that did not hold; the message is all that the reader needs. */
export class Failed extends Error {}

export function expect(holds, otherwise) {
  if (!holds) throw new Failed(otherwise);
}

export function same(actual, expected, what) {
  expect(isDeepStrictEqual(actual, expected), `${what}: expected ${show(expected)}, got ${show(actual)}`);
}

export function contains(text, part, what) {
  expect(String(text).includes(part), `${what}: expected it to contain ${show(part)}, got ${show(text)}`);
}

/** Names what is being checked, bounds it, and prints one line when it held. */
export async function check(name, body) {
  let result;
  try {
    result = await within(body(), 'the check');
  } catch (error) {
    throw new Failed(`${name}: ${message(error)}`);
  }
  console.log(`ok ${name}`);
  return result;
}

/** Waits for `promise`, or fails with what was awaited. */
export async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Failed(`${what} not done within ${DEADLINE_MS / 1000} s`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs `body(db)` with the path of a task file that does not exist yet, in a folder of its own. */
export async function withTaskFile(body) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'taskhold-interop-')));
  try {
    return await body(join(folder, 'tasks.db'));
  } finally {
    // After a failed check a server can still write there; that must not hide the failure.
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

/** What every stdio client takes to start the server. */
export function serverCommand(binary, db) {
  return { command: binary, args: ['mcp', '--db', db], env: { HOME: dirname(db) } };
}

/** Runs one command in a process of its own. */
export async function commandLine(binary, db, ...args) {
  await promisify(execFile)(binary, [...args, '--db', db], { env: { HOME: dirname(db) }, timeout: DEADLINE_MS });
}

/** What was said so far, and what will be: `next` waits for it. */
export class Heard {
  #said = [];
  #waiting = [];

  say(what) {
    const waiter = this.#waiting.shift();
    if (waiter) waiter(what);
    else this.#said.push(what);
  }

  next() {
    if (this.#said.length > 0) return Promise.resolve(this.#said.shift());
    return new Promise(told => this.#waiting.push(told));
  }
}

/** Runs `main(binary)` to its end, or to the first check that fails. */
export async function run(main) {
  const given = process.argv[2] ?? process.env.TASKHOLD_BIN;
  if (!given) {
    console.error(`usage: ${basename(process.argv[1])} TASKHOLD_BINARY (or set TASKHOLD_BIN)`);
    process.exit(1);
  }
  setTimeout(() => fail(new Failed(`the program took longer than ${PROGRAM_DEADLINE_MS / 1000} s`)), PROGRAM_DEADLINE_MS).unref();
  try {
    await main(resolve(given));
    // A client can keep a timer or a pipe; what was to be checked is done.
    process.exit(0);
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  console.log(`FAILED ${message(error)}`);
  process.exit(1);
}

function message(error) {
  return error instanceof Failed ? error.message : `${error?.name}: ${error?.message ?? error}`;
}

function show(value) {
  return JSON.stringify(value);
}
