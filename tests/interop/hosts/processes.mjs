// Processes that end with this one.

import { spawn } from 'node:child_process';

// How long after the end of a process its pipes may stay open.
const PIPES_MS = 5_000;

const running = new Set();

process.on('exit', endAll);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** Starts a program; `line` is its first line, and `ended` its `{ status, output }`. */
export function start([program, ...args], env, cwd) {
  // In a group of its own, so that what it starts ends with it.
  const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32' });
  running.add(child);
  let output = '';
  let said;
  const line = new Promise(resolve => (said = resolve));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      output += text;
      if (stream === child.stdout && text.includes('\n')) said(output.split('\n')[0]);
    });
  }
  const ended = new Promise(resolve => {
    let patience;
    const end = status => {
      clearTimeout(patience);
      running.delete(child);
      said('');
      resolve({ status, output });
    };
    child.once('error', error => {
      output += error.message;
      end(-1);
    });
    // What it had started, and left behind, goes with it; what went into a group of its own may keep the pipes open.
    child.once('exit', (status, signal) => {
      kill(child);
      patience = setTimeout(end, PIPES_MS, status ?? signal);
    });
    child.once('close', (status, signal) => end(status ?? signal));
  });
  return { line, ended };
}

/** Runs a command to its end and returns what it printed; a failed one throws. */
export async function command(line, env, cwd) {
  const { status, output } = await start(line, env, cwd).ended;
  if (status !== 0) throw new Error(`${line.join(' ')} ended with status ${status}:\n${output}`);
  return output;
}

/** Ends whatever still runs. */
export function endAll() {
  for (const child of running) kill(child);
}

function kill(child) {
  try {
    if (child.pid) process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  } catch {
    // Nothing of it is left.
  }
}
