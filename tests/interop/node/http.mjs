// The TypeScript clients over HTTP: the first line (@modelcontextprotocol/sdk), and today's in both eras.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

import { call, failures, resourcesAndPrompt, tools } from './checks.mjs';
import { withDaemon } from './daemon.mjs';
import { Heard, check, commandLine, run, same, within, withTaskFile } from './support.mjs';

const flavours = [
  { name: 'node sdk http', isNotFound: error => error.code === -32002, open: first, subscribe: legacy },
  { name: 'node client http legacy', isNotFound, open: mode('legacy'), subscribe: legacy },
  { name: 'node client http auto', isNotFound, open: mode('auto'), subscribe: modern },
];

function isNotFound(error, uri) {
  return error.uri === uri;
}

async function legacy(client, uri) {
  await client.subscribeResource({ uri });
}

async function modern(client, uri) {
  await client.listen({ resourceSubscriptions: [uri] });
}

function header(token) {
  return { requestInit: { headers: { Authorization: `Bearer ${token}` } } };
}

async function first(url, token, heard) {
  const client = new FirstClient({ name: 'interop', version: '1.0.0' });
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => heard.say(params.uri));
  await client.connect(new FirstTransport(new URL(url), header(token)));
  return client;
}

function mode(mode) {
  return async (url, token, heard) => {
    const client = new Client({ name: 'interop', version: '1.0.0' }, { versionNegotiation: { mode } });
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => heard.say(params.uri));
    await client.connect(new StreamableHTTPClientTransport(new URL(url), header(token)));
    return client;
  };
}

await run(async binary => {
  for (const flavour of flavours) {
    await withTaskFile(db =>
      withDaemon(binary, db, async (url, token) => {
        const heard = new Heard();
        const client = await check(`${flavour.name}: connects`, () => flavour.open(url, token, heard));
        await tools(flavour.name, client);
        await failures(flavour.name, client);
        await resourcesAndPrompt(flavour, client);
        await check(`${flavour.name}: a subscriber hears of changes by itself and by the command line`, async () => {
          await flavour.subscribe(client, 'tasks://all');
          await call(client, 'add_task', { title: 'by itself' });
          same(await within(heard.next(), 'the first notification'), 'tasks://all', 'the first notification');
          await commandLine(binary, db, 'add', 'by the command line');
          same(await within(heard.next(), 'the second notification'), 'tasks://all', 'the second notification');
        });
        await client.close();
      }),
    );
  }
});
