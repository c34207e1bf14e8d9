// The scripted model: one HTTP server on loopback that plays a script of tool calls to the windows of a host, and keeps
// what comes back.
//
// A window is one process of the host. It learns its name from its prompt, "[window NAME]". The calls of all windows have one
// order: a window whose turn has not come gets no answer until it has. The server is also the proxy of the host: it notes
// every place beyond this machine that the host wants to reach, and lets it reach none.

import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

import { DIALECTS, json } from './dialects.mjs';

/** Plays a script once: `[{ window, tool, args }]`, where `args` may be a function of the answers so far. */
export class Model {
  /** The answers in the order of the script: `{ text, failed }`, or `{ missing }` with the reason. */
  answers = [];
  /** The tools as the host declared them to the model, by window. */
  declared = new Map();
  /** The windows that have ended, with how, and what they had printed. */
  gone = new Map();
  /** Places beyond this machine that were asked for. */
  refused = new Set();
  /** Called at each request of the host. */
  onRequest = () => {};
  /** Everything that the host sent, for the log. */
  requests = [];
  #script;
  #host;
  /** The call that each window has been given and has not answered. */
  #open = new Map();
  #loaded = new Set();
  #waiting = [];
  #begun = new Map();
  #server;

  /**
   * `host.load(name)` is the call by which a model gets a tool that the host keeps back, `{ name, args }`; `host.fills` are
   * arguments that a host declares besides a tool's own.
   */
  constructor(script, host) {
    this.#script = script;
    this.#host = host;
    for (const { window } of script) {
      let begin;
      const begun = new Promise(resolve => (begin = resolve));
      if (!this.#begun.has(window)) this.#begun.set(window, { begun, begin });
    }
  }

  async listen() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(error => json(response, { error: { message: `${error.stack}` } }, 500));
    });
    this.#server.on('connect', (request, socket) => {
      this.refused.add(request.url);
      socket.on('error', () => {});
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    await new Promise(listening => this.#server.listen(0, '127.0.0.1', listening));
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Every tool that was declared in any window, also those that were kept back at first. */
  get tools() {
    const byName = [...this.declared.values()].flat().map(tool => [tool.name, tool]);
    return [...new Map(byName).values()];
  }

  /** Ends when a window has first asked its model for something. */
  hasBegun(window) {
    return this.#begun.get(window).begun;
  }

  /** Says that the process of a window has ended, so that nobody waits for its calls. */
  left(window, how, output) {
    this.gone.set(window, { how, output });
    this.requests.push({ window, how, output });
    this.#move();
  }

  async #serve(request, response) {
    const { pathname, host } = new URL(request.url, 'http://127.0.0.1');
    if (request.url.startsWith('http://')) this.refused.add(host);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
    const body = text.startsWith('{') ? JSON.parse(text) : {};
    this.requests.push({ method: request.method, path: request.url, body });
    this.onRequest();
    const dialect = DIALECTS.find(({ path }) => path.test(pathname));
    if (request.method !== 'POST' || !dialect) {
      // Lists of models, counts of tokens, telemetry: nothing that a host cannot do without.
      json(response, {}, request.method === 'POST' ? 404 : 200);
      return;
    }
    const { tools, results } = dialect.read(body);
    const window = /\[window ([a-z0-9-]+)\]/.exec(text)?.[1];
    const ours = tools.filter(({ name }) => this.#script.some(({ tool }) => ends(name, tool)));
    // Hosts also ask for titles and summaries; those requests carry no tools.
    const turn = window && ours.length > 0 ? await this.#turn(window, ours, results) : { text: 'A scripted session' };
    dialect.write(response, turn, body, pathname);
  }

  async #turn(window, tools, results) {
    this.declared.set(window, tools);
    this.#begun.get(window)?.begin();
    const asked = this.#open.get(window);
    if (asked !== undefined) {
      const result = results.findLast(({ id }) => id === idOf(asked));
      // A host that sends the same request again is given the same call.
      if (!result) return { call: this.#call(asked, tools) };
      this.answers[asked] = result;
      this.#open.delete(window);
      this.#move();
    }
    const next = this.#script.findIndex((step, index) => step.window === window && !this.answers[index]);
    if (next === -1) return { text: 'Done.' };
    await new Promise(come => {
      this.#waiting.push({ index: next, come });
      this.#move();
    });
    const call = this.#call(next, tools);
    const load = this.#host.load?.(call.name);
    const once = `${window} ${call.name}`;
    if (load && !tools.some(({ name }) => name === call.name) && !this.#loaded.has(once)) {
      this.#loaded.add(once);
      return { call: { id: `load_${next + 1}`, ...load } };
    }
    this.#open.set(window, next);
    return { call };
  }

  #call(index, tools) {
    const { tool, args: given } = this.#script[index];
    const args = typeof given === 'function' ? given(this.answers) : given;
    const declared = tools.find(({ name }) => ends(name, tool));
    // A tool that the host keeps back is called by the name that a tool beside it suggests.
    const [beside] = tools;
    const own = this.#script.find(step => ends(beside.name, step.tool)).tool;
    return {
      id: idOf(index),
      name: declared?.name ?? beside.name.slice(0, -own.length) + tool,
      namespace: (declared ?? beside).namespace,
      args: { ...args, ...(declared ? this.#filled(declared.schema) : {}) },
    };
  }

  #filled({ properties = {} }) {
    return Object.fromEntries(Object.entries(this.#host.fills ?? {}).filter(([name]) => name in properties));
  }

  /** Passes over calls that nobody will make, and lets the window go on whose turn it is. */
  #move() {
    const first = () => this.#script.findIndex((_, index) => !this.answers[index]);
    let index = first();
    while (index !== -1 && this.gone.has(this.#script[index].window)) {
      this.answers[index] = { missing: this.gone.get(this.#script[index].window).how };
      index = first();
    }
    const due = this.#waiting.filter(waiter => waiter.index === index);
    this.#waiting = this.#waiting.filter(waiter => waiter.index !== index);
    for (const { come } of due) come();
  }
}

const idOf = index => `call_${index + 1}`;

/** Hosts put the name of the server before that of the tool. */
export const ends = (name, tool) => name === tool || name.endsWith(`_${tool}`);
