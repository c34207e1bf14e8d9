// One MCP server over stdio, spoken to as JSON lines; no client library stands between a script and what a model would read.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const DEADLINE_MS = 30_000;

/** A server process, greeted as a host of the 2025-06-18 protocol greets it. */
export class Server {
  #child;
  #waiting = new Map();
  #next = 1;
  #ended;

  static async start(command, args, { env = {}, cwd } = {}) {
    const server = new Server(command, args, { env, cwd });
    const greeting = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'tokens', version: '1.0.0' } };
    const { instructions = '' } = await server.request('initialize', greeting);
    server.instructions = instructions;
    server.#send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    server.tools = (await server.request('tools/list', {})).tools;
    return server;
  }

  constructor(command, args, { env, cwd }) {
    this.#child = spawn(command, args, { env: { PATH: process.env.PATH, ...env }, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdin.on('error', () => {});
    let errors = '';
    this.#child.stderr.on('data', data => (errors += data));
    createInterface({ input: this.#child.stdout }).on('line', line => this.#answer(JSON.parse(line)));
    this.#ended = new Promise(resolve => this.#child.once('close', resolve));
    this.#ended.then(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${command} ended: ${errors}`));
    });
    this.#child.once('error', error => (errors += error));
  }

  #send(message) {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  #answer({ id, method, result, error }) {
    if (method !== undefined || !this.#waiting.has(id)) return;
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) reject(new Error(`${error.code} ${error.message}`));
    else resolve(result);
  }

  request(method, params) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${method} within ${DEADLINE_MS / 1000} s`)), DEADLINE_MS);
      const settled = how => value => {
        clearTimeout(timer);
        how(value);
      };
      this.#waiting.set(id, { resolve: settled(resolve), reject: settled(reject) });
      this.#send({ jsonrpc: '2.0', id, method, params });
    });
  }

  /** Calls a tool. `text` is what a host shows the model: the text blocks of the content. */
  async call(name, args = {}) {
    const result = await this.request('tools/call', { name, arguments: args });
    const text = result.content.filter(block => block.type === 'text').map(block => block.text).join('\n');
    return { text, isError: result.isError === true, structured: result.structuredContent };
  }

  async stop() {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill(), 5_000);
    await this.#ended;
    clearTimeout(timer);
  }
}
