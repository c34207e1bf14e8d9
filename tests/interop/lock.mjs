// Takes the funding links out of the package-lock.json of the folder it is run in: a lock says what is installed, and points to
// no place.

import { readFile, writeFile } from 'node:fs/promises';

const file = 'package-lock.json';
const lock = JSON.parse(await readFile(file, 'utf8'));
for (const entry of Object.values(lock.packages)) delete entry.funding;
await writeFile(file, `${JSON.stringify(lock, null, 2)}\n`);
