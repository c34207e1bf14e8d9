#!/usr/bin/env node
// Starts the program that npm installed for this machine, with the same arguments, streams and exit status.
'use strict';

const { spawn } = require('node:child_process');
const { constants } = require('node:os');
const { packages } = require('../package.json').taskhold;

const system = `${process.platform}-${process.arch}`;
const name = packages[system];
if (!name) {
  console.error(`taskhold: there is no program for ${system}; there are: ${Object.keys(packages).join(', ')}`);
  process.exit(1);
}

let program;
try {
  program = require.resolve(`${name}/bin/${process.platform === 'win32' ? 'taskhold.exe' : 'taskhold'}`);
} catch {
  console.error(
    `taskhold: the package ${name} is not installed; install taskhold again, without --omit=optional or --no-optional`,
  );
  process.exit(1);
}

const child = spawn(program, process.argv.slice(2), { stdio: 'inherit', windowsHide: true });
// A signal to this process is meant for the program, which decides when to end. Ctrl-C reaches the program by itself, and a
// second one would end it at once.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.on('SIGINT', () => {});
child.on('error', (error) => {
  console.error(`taskhold: ${program} does not start: ${error.message}`);
  process.exit(1);
});
child.on('exit', (status, signal) => process.exit(signal ? 128 + constants.signals[signal] : status));
