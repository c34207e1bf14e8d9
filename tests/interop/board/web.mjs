// The board at the daemon's own address, in Chromium and Firefox: tests/interop/board/web.mjs BINARY [keys|live|security|firefox]...

import { firefox } from './firefox.mjs';
import { keys } from './keys.mjs';
import { liveness } from './live.mjs';
import { runParts } from './parts.mjs';
import { security } from './security.mjs';

await runParts({ keys, live: liveness, security, firefox: (_, daemon) => firefox(daemon) });
