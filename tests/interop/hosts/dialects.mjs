// The languages in which hosts talk to their models. Each reads a request into what the model was given, and writes the
// model's turn: one tool call, or one line of text.
//
//   read(body)             -> { tools: [{ name, namespace, description, schema }], results: [{ id, text, failed }] }
//   write(response, turn)     turn is { call: { id, name, namespace, args } } or { text }

const MODEL = 'scripted';

function texts(content) {
  if (typeof content === 'string') return content;
  return (content ?? []).map(part => part.text ?? JSON.stringify(part)).join('\n');
}

function events(response, list, { named = false, done = false } = {}) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const event of list) response.write(`${named ? `event: ${event.type}\n` : ''}data: ${JSON.stringify(event)}\n\n`);
  response.end(done ? 'data: [DONE]\n\n' : '');
}

export function json(response, value, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Anthropic's Messages API: Claude Code. */
const messages = {
  path: /^\/v1\/messages$/,
  read: ({ tools = [], messages = [] }) => ({
    tools: tools.map(({ name, description, input_schema: schema }) => ({ name, description, schema })),
    results: messages
      .flatMap(({ content }) => (Array.isArray(content) ? content : []))
      .filter(part => part.type === 'tool_result')
      .map(part => ({ id: part.tool_use_id, text: texts(part.content), failed: part.is_error === true })),
  }),
  write(response, { call, text }, { stream }) {
    const block = call ? { type: 'tool_use', id: call.id, name: call.name, input: call.args } : { type: 'text', text };
    const usage = { input_tokens: 1, output_tokens: 1 };
    const stop = { stop_reason: call ? 'tool_use' : 'end_turn', stop_sequence: null };
    const message = { id: `msg_${Date.now()}`, type: 'message', role: 'assistant', model: MODEL };
    if (!stream) {
      json(response, { ...message, content: [block], ...stop, usage });
      return;
    }
    const empty = call ? { ...block, input: {} } : { ...block, text: '' };
    const delta = call ? { type: 'input_json_delta', partial_json: JSON.stringify(call.args) } : { type: 'text_delta', text };
    events(
      response,
      [
        { type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage } },
        { type: 'content_block_start', index: 0, content_block: empty },
        { type: 'content_block_delta', index: 0, delta },
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: stop, usage: { output_tokens: 1 } },
        { type: 'message_stop' },
      ],
      { named: true },
    );
  },
};

/** OpenAI's Responses API: Codex, which puts the tools of one server into a namespace. */
const responses = {
  path: /\/responses$/,
  read: ({ tools = [], input = [] }) => ({
    tools: tools
      .flatMap(tool => (tool.type === 'namespace' ? tool.tools.map(inner => ({ ...inner, namespace: tool.name })) : [tool]))
      .filter(({ type }) => type === 'function')
      .map(({ name, namespace, description, parameters: schema }) => ({ name, namespace, description, schema })),
    results: input
      .filter(item => item.type === 'function_call_output')
      .map(item => ({ id: item.call_id, text: texts(item.output), failed: undefined })),
  }),
  write(response, { call, text }) {
    const item = call
      ? { type: 'function_call', id: `fc_${call.id}`, call_id: call.id, arguments: JSON.stringify(call.args) }
      : { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] };
    if (call) Object.assign(item, { name: call.name, namespace: call.namespace });
    const id = `resp_${Date.now()}`;
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2, input_tokens_details: null, output_tokens_details: null };
    events(
      response,
      [
        { type: 'response.created', response: { id } },
        { type: 'response.output_item.added', output_index: 0, item },
        { type: 'response.output_item.done', output_index: 0, item },
        { type: 'response.completed', response: { id, output: [item], usage } },
      ],
      { named: true },
    );
  },
};

/** Google's generateContent: Gemini CLI. */
const gemini = {
  path: /:(streamGenerateContent|generateContent)$/,
  read: ({ tools = [], contents = [] }) => ({
    tools: tools
      .flatMap(tool => tool.functionDeclarations ?? [])
      .map(tool => ({ ...tool, schema: tool.parametersJsonSchema ?? tool.parameters })),
    results: contents
      .flatMap(({ parts = [] }) => parts)
      .filter(part => part.functionResponse)
      .map(({ functionResponse: { id, response } }) => ({
        id,
        text: response.error ?? response.output ?? JSON.stringify(response),
        failed: 'error' in response,
      })),
  }),
  write(response, { call, text }, _body, path) {
    const part = call ? { functionCall: { id: call.id, name: call.name, args: call.args } } : { text };
    const answer = {
      candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
      modelVersion: MODEL,
    };
    if (path.endsWith(':generateContent')) json(response, answer);
    else events(response, [answer]);
  },
};

/** OpenAI's chat completions: opencode, through its provider for servers that speak it. */
const chat = {
  path: /\/chat\/completions$/,
  read: ({ tools = [], messages = [] }) => ({
    tools: tools.map(({ function: { name, description, parameters: schema } }) => ({ name, description, schema })),
    results: messages
      .filter(message => message.role === 'tool')
      .map(message => ({ id: message.tool_call_id, text: texts(message.content), failed: undefined })),
  }),
  write(response, { call, text }, { stream }) {
    const named = call && { name: call.name, arguments: JSON.stringify(call.args) };
    const message = call
      ? { role: 'assistant', content: null, tool_calls: [{ index: 0, id: call.id, type: 'function', function: named }] }
      : { role: 'assistant', content: text };
    const finish_reason = call ? 'tool_calls' : 'stop';
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const head = { id: `chatcmpl-${Date.now()}`, created: 1, model: MODEL };
    if (!stream) {
      json(response, { ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason }], usage });
      return;
    }
    const chunk = choice => ({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, ...choice }] });
    const last = chunk({ delta: {}, finish_reason });
    events(response, [chunk({ delta: message, finish_reason: null }), { ...last, usage }], { done: true });
  },
};

export const DIALECTS = [messages, responses, gemini, chat];
