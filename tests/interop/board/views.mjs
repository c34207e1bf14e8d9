// How the board looks, and the board in chats: tests/interop/board/views.mjs BINARY [looks|chat|inspector]...

import { chat } from './chat.mjs';
import { inspector } from './inspector.mjs';
import { looks } from './looks.mjs';
import { runParts } from './parts.mjs';

await runParts({ looks, chat, inspector });
