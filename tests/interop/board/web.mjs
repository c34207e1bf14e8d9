// The board at the daemon's own address, in Chromium and Firefox: tests/interop/board/web.mjs BINARY [keys|live|crowd|security|firefox]...

import { firefox } from './firefox.mjs';
import { keys } from './keys.mjs';
import { crowd, liveness } from './live.mjs';
import { runParts } from './parts.mjs';
import { security } from './security.mjs';

await runParts({ keys, live: liveness, crowd, security, firefox: (_, daemon) => firefox(daemon) });
