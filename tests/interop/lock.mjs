// Takes the funding links out of a package-lock.json: a lock says what is installed, and points to no place. The lock is the
// one beside this file, or in the folder that is given.

import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const file = join(process.argv[2] ?? dirname(fileURLToPath(import.meta.url)), 'package-lock.json');
const lock = JSON.parse(await readFile(file, 'utf8'));
for (const entry of Object.values(lock.packages)) delete entry.funding;
await writeFile(file, `${JSON.stringify(lock, null, 2)}\n`);
