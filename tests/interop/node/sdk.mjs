// The TypeScript SDK's first line (@modelcontextprotocol/sdk), which most hosts still carry; it knows the older era only.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { LATEST_PROTOCOL_VERSION, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

import { everything } from './checks.mjs';
import { Heard, run, serverCommand } from './support.mjs';

const legacy = {
  name: 'node sdk legacy',
  version: LATEST_PROTOCOL_VERSION,
  isNotFound: error => error.code === -32002,
  open,
  async subscribe(session, uris) {
    for (const uri of uris) await session.client.subscribeResource({ uri });
  },
};

async function open(binary, db) {
  const client = new Client({ name: 'interop', version: '1.0.0' });
  const heard = new Heard();
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => heard.say(params.uri));
  const transport = new StdioClientTransport(serverCommand(binary, db));
  // The client tells its transport the version that was agreed on, and keeps it from everybody else.
  let version;
  transport.setProtocolVersion = agreed => (version = agreed);
  await client.connect(transport);
  return { client, transport, heard, version };
}

await run(binary => everything(binary, [legacy]));
