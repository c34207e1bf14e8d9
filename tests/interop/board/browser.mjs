// The browsers: the system's Chromium, or else the one that an npm package carries; the system's Firefox, if there is one.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import packed from '@sparticuz/chromium';
import { chromium } from 'playwright-core';

/** Returns the path of the first of these programs that the system has. */
function installed(...names) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap(name => folders.map(folder => join(folder, name))).find(existsSync);
}

/** Returns the path of the system's Chromium, or undefined. */
export const chromiumPath = () => installed('chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome');

/** Starts Chromium. A container's root has no sandbox of its own to give. */
export async function startChromium() {
  // The package's own arguments switch off what is tested here: the origin of requests, and the separation of sites.
  return chromium.launch({ executablePath: chromiumPath() ?? (await packed.executablePath()), args: ['--no-sandbox'] });
}

/** Returns the path of the system's Firefox, or undefined. */
export const firefoxPath = () => installed('firefox', 'firefox-esr');
