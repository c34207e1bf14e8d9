// The official TypeScript client of today (@modelcontextprotocol/client), in both eras.

import { Client, ResourceNotFoundError } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

import { everything } from './checks.mjs';
import { Heard, run, same, serverCommand } from './support.mjs';

function legacy() {
  return {
    name: 'node client legacy',
    version: '2025-11-25',
    isNotFound,
    open: (binary, db) => open(binary, db, 'legacy'),
    async subscribe(session, uris) {
      for (const uri of uris) await session.client.subscribeResource({ uri });
    },
  };
}

function modern() {
  return {
    name: 'node client auto',
    version: '2026-07-28',
    isNotFound,
    open: (binary, db) => open(binary, db, 'auto'),
    async subscribe(session, uris) {
      const stream = await session.client.listen({ resourceSubscriptions: uris });
      same(stream.honoredFilter.resourceSubscriptions, uris, 'the URIs that the server accepted');
    },
  };
}

// The client takes an error for this one by its code and by data that holds the URI and, in the new era, nothing else.
function isNotFound(error, uri) {
  return error instanceof ResourceNotFoundError && error.uri === uri;
}

async function open(binary, db, mode) {
  const client = new Client({ name: 'interop', version: '1.0.0' }, { versionNegotiation: { mode } });
  const heard = new Heard();
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => heard.say(params.uri));
  const transport = new StdioClientTransport(serverCommand(binary, db));
  await client.connect(transport);
  return { client, transport, heard, version: client.getNegotiatedProtocolVersion() };
}

await run(binary => everything(binary, [legacy(), modern()]));
