// Prints how Claude Desktop starts the server of an unpacked bundle, as JSON: command, args and env. The function is the one
// that Claude Desktop uses: desktop.mjs FOLDER

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { getMcpConfigForManifest } from '@anthropic-ai/mcpb';

const folder = resolve(process.argv[2]);
const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'));
const systemDirs = { HOME: homedir() };
const config = await getMcpConfigForManifest({
  manifest, extensionPath: folder, systemDirs, userConfig: {}, pathSeparator: sep,
});
console.log(JSON.stringify(config));
