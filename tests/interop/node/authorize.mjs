// Gives every request to the daemon the token it needs; the suite that loads this first has no option for it.

import http from 'node:http';
import { createRequire } from 'node:module';

const { TASKHOLD_TOKEN: token, TASKHOLD_URL: url } = process.env;
const suite = createRequire(new URL('../node_modules/@modelcontextprotocol/conformance/package.json', import.meta.url));
const { Agent, setGlobalDispatcher } = suite('undici');
const origin = new URL(url).origin;

const bearer = `Bearer ${token}`;

// Three ways lead to the daemon. Node's own request:
const requested = http.request;
http.request = (...args) => {
  const options = args.find(arg => typeof arg === 'object' && !(arg instanceof URL));
  options.headers = { ...options.headers, authorization: bearer };
  return requested(...args);
};

// Node's own fetch, which keeps its own dispatcher, since the suite's is of another version:
const fetched = globalThis.fetch;
await fetched('data:,');
const dispatcher = globalThis[Symbol.for('undici.globalDispatcher.1')];
globalThis.fetch = (input, init = {}) => {
  const request = new Request(input, init);
  if (new URL(request.url).origin !== origin) return fetched(input, { ...init, dispatcher });
  const headers = new Headers(request.headers);
  headers.set('authorization', bearer);
  return fetched(input, { ...init, headers, dispatcher });
};

// And the suite's undici:
const withToken = dispatch => (options, handler) => {
  const isPlain = Object.getPrototypeOf(options.headers ?? {}) === Object.prototype;
  if (String(options.origin) !== origin || !isPlain || 'authorization' in (options.headers ?? {})) return dispatch(options, handler);
  return dispatch({ ...options, headers: { ...options.headers, authorization: bearer } }, handler);
};

setGlobalDispatcher(new Agent().compose(withToken));
