// What is checked with every Node client. A flavour is a client in one era: how it opens a session and subscribes.

import { readlink } from 'node:fs/promises';

import { check, commandLine, contains, expect, same, within, withTaskFile } from './support.mjs';

const TOOLS = ['add_task', 'list_tasks', 'get_task', 'update_task', 'complete_task', 'delete_task', 'undo'];

/** Runs every check with every flavour, and has each flavour hear of changes by all of them. */
export async function everything(binary, flavours) {
  for (const flavour of flavours) {
    await withTaskFile(db => surface(flavour, binary, db));
    await notifications(flavour, binary, flavours);
    await onlyWhatWasAskedFor(flavour, binary);
  }
}

async function surface(flavour, binary, db) {
  const { name } = flavour;
  const session = await check(`${name}: connects as ${flavour.version}`, async () => {
    const session = await flavour.open(binary, db);
    same(session.version, flavour.version, 'protocol version');
    same(session.client.getServerVersion()?.name, 'taskhold', 'server name');
    expect(session.client.getInstructions(), 'no instructions');
    return session;
  });
  const { client } = session;
  await check(`${name}: lists the tools`, async () => {
    const names = (await client.listTools()).tools.map(tool => tool.name);
    expect(TOOLS.every(tool => names.includes(tool)), `not all of ${TOOLS} among ${names}`);
  });
  await tools(name, client);
  await failures(name, client);
  await resourcesAndPrompt(flavour, client);
  await throughASocket(name, session);
  await check(`${name}: the server ends by itself when its client goes, a subscription still open`, async () => {
    await flavour.subscribe(session, ['tasks://all']);
    same(await closed(session), { status: 0, signal: null }, 'the end of the server');
  });
}

/** Calls a tool that answers with an object, which must be the same as text and as structuredContent. */
export async function call(client, tool, args = {}) {
  const result = await client.callTool({ name: tool, arguments: args });
  expect(!result.isError, `${tool} answered the error ${result.content[0].text}`);
  const value = JSON.parse(result.content[0].text);
  same(result.structuredContent, value, `structuredContent of ${tool} beside its text`);
  return value;
}

export async function tools(name, client) {
  await check(`${name}: add_task`, async () => {
    const task = await call(client, 'add_task', { title: 'Write the guide', description: 'Two pages' });
    same([task.id, task.title, task.description, task.status], [1, 'Write the guide', 'Two pages', 'pending'], 'task');
    expect(!Number.isNaN(Date.parse(task.created_at)), `created_at is no time: ${task.created_at}`);
  });
  await check(`${name}: get_task, by number and by text`, async () => {
    const task = await call(client, 'get_task', { task_id: 1 });
    same(task.title, 'Write the guide', 'title');
    same(await call(client, 'get_task', { task_id: '#1' }), task, 'the same task asked for as #1');
  });
  await check(`${name}: update_task`, async () => {
    await call(client, 'update_task', { task_id: 1, title: 'Write the manual', status: 'in_progress' });
    const task = await call(client, 'get_task', { task_id: 1 });
    same([task.title, task.description, task.status], ['Write the manual', 'Two pages', 'in_progress'], 'task');
  });
  await check(`${name}: list_tasks, as text and as json`, async () => {
    const { text } = (await client.callTool({ name: 'list_tasks', arguments: {} })).content[0];
    expect(/^1\b.*Write the manual/m.test(text), `no line of the task in ${text}`);
    const listed = await call(client, 'list_tasks', { view: 'open', format: 'json' });
    same(listed.tasks.map(task => task.id), [1], 'ids');
  });
  await check(`${name}: complete_task, and again without a change`, async () => {
    const task = await call(client, 'complete_task', { task_id: 1 });
    same(task.status, 'completed', 'status');
    const again = await call(client, 'complete_task', { task_id: 1 });
    same(again.completed_at, task.completed_at, 'completed_at of the second call');
    expect(again.note, `no note that nothing changed in ${JSON.stringify(again)}`);
  });
  await check(`${name}: undo`, async () => {
    const undone = await client.callTool({ name: 'undo', arguments: {} });
    expect(!undone.isError, `undo answered the error ${undone.content[0].text}`);
    same((await call(client, 'get_task', { task_id: 1 })).status, 'in_progress', 'status');
  });
  await check(`${name}: delete_task`, async () => {
    const result = await call(client, 'delete_task', { task_id: 1 });
    same([result.success, result.deleted.id], [true, 1], 'success and id');
    same((await call(client, 'list_tasks', { view: 'all', format: 'json' })).tasks, [], 'tasks');
  });
}

export async function failures(name, client) {
  const cases = [
    ['an unknown id', 'complete_task', { task_id: 99 }, 'Task 99 not found'],
    ['an unknown id', 'delete_task', { task_id: 99 }, 'Task 99 not found'],
    ['an unknown id', 'get_task', { task_id: 99 }, 'Task 99 not found'],
    ['a word for an id', 'get_task', { task_id: 'soon' }, 'task_id'],
    ['an unknown argument', 'add_task', { title: 'x', titel: 'y' }, 'titel'],
    ['a missing title', 'add_task', {}, 'title'],
    ['a blank title', 'add_task', { title: '  ' }, 'title'],
  ];
  for (const [what, tool, args, part] of cases) {
    await check(`${name}: ${tool} with ${what} is an error result`, async () => {
      const result = await client.callTool({ name: tool, arguments: args });
      expect(result.isError, `no error, but ${result.content[0].text}`);
      contains(result.content[0].text, part, 'the text');
    });
  }
}

export async function resourcesAndPrompt({ name, isNotFound }, client) {
  const read = async uri => {
    const { contents } = await client.readResource({ uri });
    same(contents.map(content => [content.uri, content.mimeType]), [[uri, 'text/plain']], 'contents');
    return contents[0].text;
  };
  await check(`${name}: lists resources and templates`, async () => {
    const uris = (await client.listResources()).resources.map(resource => resource.uri);
    expect(uris.includes('tasks://all') && uris.includes('tasks://pending'), `URIs: ${uris}`);
    const templates = (await client.listResourceTemplates()).resourceTemplates.map(t => t.uriTemplate);
    expect(templates.includes('tasks://task/{id}'), `templates: ${templates}`);
  });
  await check(`${name}: reads resources that change meanwhile`, async () => {
    same(await read('tasks://all'), 'No tasks found', 'tasks://all');
    const { id } = await call(client, 'add_task', { title: 'Read me' });
    for (const uri of ['tasks://all', 'tasks://pending', `tasks://task/${id}`]) contains(await read(uri), 'Read me', uri);
  });
  await check(`${name}: an unknown resource is an error that the client knows for that`, async () => {
    const uri = 'tasks://task/99';
    const error = await read(uri).catch(error => error);
    expect(error instanceof Error, `no error, but ${error}`);
    expect(isNotFound(error, uri), `taken for ${error.name}, code ${error.code}, data ${JSON.stringify(error.data)}`);
  });
  await check(`${name}: gets the prompt, with the list in it`, async () => {
    const prompts = (await client.listPrompts()).prompts.map(prompt => prompt.name);
    expect(prompts.includes('task_summary_prompt'), `prompts: ${prompts}`);
    const { messages } = await client.getPrompt({ name: 'task_summary_prompt' });
    const text = messages.map(message => message.content.text).join('\n');
    contains(text, 'tasks://all', 'the prompt');
    contains(text, 'Read me', 'the prompt');
  });
}

async function throughASocket(name, { client, transport }) {
  if (process.platform === 'linux') {
    await check(`${name}: the server's stdin is a socket`, async () => {
      contains(await readlink(`/proc/${transport.pid}/fd/0`), 'socket:', 'what stands behind it');
    });
  }
  await check(`${name}: an emoji cut in half is answered, the half replaced`, async () => {
    const { id, title } = await call(client, 'add_task', { title: 'cut \ud83d' });
    same(title, 'cut \ufffd', 'title');
    same((await call(client, 'get_task', { task_id: id })).title, title, 'title as it was stored');
  });
  await check(`${name}: answers of more than a socket holds come back whole`, async () => {
    const description = `${'Größe 🦀 '.repeat(4000)}end`;
    await call(client, 'add_task', { title: 'Long', description });
    const all = async () => (await client.readResource({ uri: 'tasks://all' })).contents[0].text;
    const texts = await Promise.all(Array.from({ length: 16 }, all));
    same(texts.filter(text => text.includes(description)).length, 16, 'whole descriptions');
  });
  await check(`${name}: 200 calls sent without waiting are applied in the order sent`, async () => {
    const calls = Array.from({ length: 200 }, (_, n) => call(client, 'add_task', { title: `Pipelined ${n}` }));
    const ids = (await Promise.all(calls)).map(task => task.id);
    expect(ids.every((id, n) => id === ids[0] + n), `ids in the order sent: ${ids}`);
  });
}

/** One file and one subscriber for each way in which a change can be made. */
async function notifications(flavour, binary, flavours) {
  const writers = new Map([
    ['itself', ({ client }, _db, title) => call(client, 'add_task', { title })],
    ['the command line', (_session, db, title) => commandLine(binary, db, 'add', title)],
    ...flavours.map(other => [
      `another server, ${other.name}`,
      async (_session, db, title) => {
        const session = await other.open(binary, db);
        await call(session.client, 'add_task', { title });
        await closed(session);
      },
    ]),
  ]);
  for (const [who, write] of writers) {
    await check(`${flavour.name}: a subscriber hears of a change by ${who}`, () =>
      withTaskFile(async db => {
        const session = await flavour.open(binary, db);
        await flavour.subscribe(session, ['tasks://all', 'tasks://pending']);
        await write(session, db, 'Heard of');
        const awaited = new Set(['tasks://all', 'tasks://pending']);
        while (awaited.size > 0) awaited.delete(await within(session.heard.next(), `the update of ${[...awaited]}`));
        // Told only after the commit: what was announced can be read at once.
        const { contents } = await session.client.readResource({ uri: 'tasks://all' });
        contains(contents[0].text, 'Heard of', 'tasks://all, read when it was announced');
        same(await closed(session), { status: 0, signal: null }, 'the end of the server');
      }),
    );
  }
}

async function onlyWhatWasAskedFor(flavour, binary) {
  await check(`${flavour.name}: a subscriber of one resource hears of no other`, () =>
    withTaskFile(async db => {
      for (const number of [1, 2]) await commandLine(binary, db, 'add', `Number ${number}`);
      const session = await flavour.open(binary, db);
      await flavour.subscribe(session, ['tasks://task/2']);
      for (const number of [1, 2]) await call(session.client, 'complete_task', { task_id: number });
      same(await within(session.heard.next(), 'the update of task 2'), 'tasks://task/2', 'the first notification');
      await closed(session);
    }),
  );
}

/** Closes a session and returns how its server ended; the transport alone would hide that it had to be killed. */
async function closed({ client, transport }) {
  const server = transport._process;
  const ended = new Promise(end => server.once('exit', (status, signal) => end({ status, signal })));
  let killed = false;
  const kill = server.kill.bind(server);
  server.kill = signal => {
    killed = true;
    return kill(signal);
  };
  await client.close();
  const end = await within(ended, 'the end of the server');
  expect(!killed, 'the server lingered after its stdin was closed, until it was killed');
  return end;
}
