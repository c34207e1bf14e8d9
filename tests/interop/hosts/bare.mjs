// A client with no host around it, which shows what the server itself says to each call of the script.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const SESSIONS = '2025-06-18';
const STATELESS = '2026-07-28';

/**
 * Plays the script with one client a window, which speaks the protocol as the host does: with sessions, or by requests that
 * stand for themselves. Returns the result of each call, and the tools.
 */
export async function play(script, { clientInfo, stateless, stdio, http }) {
  const sessions = new Map();
  const results = [];
  const answers = [];
  try {
    for (const { window, over } of script) {
      if (!sessions.has(window)) sessions.set(window, await opened(over === 'http' ? http : stdio, clientInfo, stateless));
    }
    for (const { window, tool, args } of script) {
      const given = typeof args === 'function' ? args(answers) : args;
      const result = await sessions.get(window).request('tools/call', { name: tool, arguments: given });
      results.push(result);
      answers.push({ text: result.content.map(({ text }) => text ?? '').join('\n') });
    }
    const { tools } = await sessions.values().next().value.request('tools/list', {});
    return { results, tools };
  } finally {
    for (const session of sessions.values()) session.close();
  }
}

async function opened(place, clientInfo, stateless) {
  const session = place.url ? overHttp(place, stateless) : overStdio(place);
  if (!stateless) {
    await session.request('initialize', { protocolVersion: SESSIONS, capabilities: {}, clientInfo });
    await session.notify('notifications/initialized');
    return session;
  }
  const names = { protocolVersion: STATELESS, clientInfo, clientCapabilities: {} };
  const _meta = Object.fromEntries(Object.entries(names).map(([name, value]) => [`io.modelcontextprotocol/${name}`, value]));
  return { request: (method, params) => session.request(method, { ...params, _meta }), close: () => session.close() };
}

function overStdio({ command, args, env }) {
  const server = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = new Map();
  createInterface({ input: server.stdout }).on('line', line => {
    const { id, ...answer } = JSON.parse(line);
    waiting.get(id)?.(answer);
  });
  const send = message => server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  let last = 0;
  return {
    async request(method, params) {
      last += 1;
      const id = last;
      const answered = new Promise(resolve => waiting.set(id, resolve));
      send({ id, method, params });
      return resultOf(await answered);
    },
    notify: method => send({ method }),
    close: () => server.stdin.end(),
  };
}

function overHttp({ url, token }, stateless) {
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
  };
  const post = async message => {
    const { method, params } = message;
    const named = params?.name ? { 'mcp-name': params.name } : {};
    const stated = stateless ? { 'mcp-protocol-version': STATELESS, 'mcp-method': method, ...named } : {};
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const response = await fetch(url, { method: 'POST', headers: { ...headers, ...stated }, body });
    const session = response.headers.get('mcp-session-id');
    if (session) Object.assign(headers, { 'mcp-session-id': session, 'mcp-protocol-version': SESSIONS });
    const text = await response.text();
    const line = text.split('\n').findLast(part => part.startsWith('data: {'));
    return JSON.parse(line?.slice(6) ?? (text || '{}'));
  };
  let last = 0;
  return {
    async request(method, params) {
      last += 1;
      return resultOf(await post({ id: last, method, params }));
    },
    notify: method => post({ method }),
    close() {},
  };
}

function resultOf({ result, error }) {
  if (error) return { content: [{ type: 'text', text: error.message }], isError: true };
  return result;
}
