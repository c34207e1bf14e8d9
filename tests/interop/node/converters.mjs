// The tools as other programs carry them to their models: converters that hosts use, and the validator that checks a call first.

import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { DynamicStructuredTool } from '@langchain/core/tools';
import { convertToGeminiTools } from '@langchain/google-common';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import Ajv from 'ajv';

import { Server } from '../day/server.mjs';
import { argumentSets, prepare } from './arguments.mjs';
import { FAULTS, SAMPLE, lost, refusedByGemini } from './schemas.mjs';
import { check, expect, run, same, serverCommand, withTaskFile } from './support.mjs';

// Ajv as its users have it who want to hear of every doubtful schema.
const strict = new Ajv({ strict: true, strictTypes: true, allErrors: true, validateSchema: true });
const ofTheSdk = new AjvJsonSchemaValidator();

/** The AI SDK's provider for Gemini: what it sends, and the call that it makes of Gemini's answer. */
async function aiSdk(tools, answered = { name: tools[0].name, args: {} }) {
  let sent;
  const gemini = async (url, { body }) => {
    sent = JSON.parse(body);
    const content = { role: 'model', parts: [{ functionCall: answered }] };
    return Response.json({ candidates: [{ content, finishReason: 'STOP' }] });
  };
  const model = createGoogleGenerativeAI({ apiKey: 'none', baseURL: 'http://gemini.invalid', fetch: gemini })('gemini-2.5-flash');
  const { content } = await model.doGenerate({
    prompt: [{ role: 'user', content: [{ type: 'text', text: 'What is to be done?' }] }],
    tools: tools.map(({ name, description, inputSchema }) => ({ type: 'function', name, description, inputSchema })),
  });
  const { toolName, input } = content.find(({ type }) => type === 'tool-call');
  return { declarations: sent.tools[0].functionDeclarations, call: { name: toolName, args: JSON.parse(input) } };
}

/** A tool of LangChain, as its adapters make one of an MCP tool. */
function langChain(tool, func = async () => '') {
  const { name, description, inputSchema } = tool;
  return new DynamicStructuredTool({ name, description, schema: structuredClone(inputSchema), func });
}

async function langChainDeclarations(tools) {
  const [{ functionDeclarations }] = convertToGeminiTools(tools.map(tool => langChain(tool)));
  return functionDeclarations;
}

const CONVERTERS = [
  ['ai-sdk google', async tools => (await aiSdk(tools)).declarations],
  ['langchain google', langChainDeclarations],
];

async function sample() {
  await check('converters: a sample of the right shape passes every check', async () => {
    same(refusedByGemini(SAMPLE.inputSchema), undefined, "Gemini's rules");
    strict.compile(SAMPLE.inputSchema);
    for (const [name, convert] of CONVERTERS) {
      const [{ parameters }] = await convert([SAMPLE]);
      same([refusedByGemini(parameters), lost(SAMPLE.inputSchema, parameters)], [undefined, undefined], name);
    }
  });
  for (const [what, spoil] of FAULTS) {
    await check(`converters: ${what} is found`, async () => {
      const spoiled = structuredClone(SAMPLE);
      spoil(spoiled.inputSchema);
      expect(refusedByGemini(spoiled.inputSchema), 'it is not');
    });
  }
}

async function schemas(tools) {
  for (const { name, inputSchema } of tools) {
    await check(`converters: ${name} keeps the rules of Gemini as it is`, async () => {
      const refused = refusedByGemini(inputSchema);
      expect(!refused, refused);
    });
    await check(`converters: ${name} is a schema without a doubt to Ajv`, async () => {
      strict.compile(inputSchema);
    });
  }
  for (const [converter, convert] of CONVERTERS) {
    const declarations = await check(`${converter}: converts every tool`, async () => {
      const declarations = await convert(tools);
      same(declarations.map(({ name }) => name), tools.map(({ name }) => name), 'names');
      return declarations;
    });
    for (const [number, { name, description, inputSchema }] of tools.entries()) {
      await check(`${converter}: ${name} arrives whole, as Gemini takes it`, async () => {
        const declaration = declarations[number];
        same(declaration.description, description, 'description');
        const wrong = refusedByGemini(declaration.parameters) ?? lost(inputSchema, declaration.parameters);
        expect(!wrong, wrong);
      });
    }
  }
}

async function calls(server) {
  const { tools } = server;
  const tasks = await prepare(server);
  for (const tool of tools) {
    const { name, inputSchema } = tool;
    const validates = ofTheSdk.getValidator(inputSchema);
    await check(`calls: ${name} is valid and answered in every shape that its schema allows`, async () => {
      for (const args of await argumentSets(tool, tasks)) {
        const what = `${name} ${JSON.stringify(args)}`;
        const { valid, errorMessage } = validates(args);
        expect(valid, `${what} is not valid: ${errorMessage}`);
        const { isError, text } = await server.call(name, args);
        expect(!isError, `${what} answered the error ${text}`);
      }
    });
    await check(`calls: ${name} through the converters`, async () => {
      const [args] = await argumentSets(tool, tasks);
      const { call } = await aiSdk(tools, { name, args });
      same(call, { name, args }, 'the call of the AI SDK');
      const ofTheAiSdk = await server.call(call.name, call.args);
      expect(!ofTheAiSdk.isError, ofTheAiSdk.text);
      const [again] = await argumentSets(tool, tasks);
      const ofLangChain = langChain(tool, async args => {
        const { isError, text } = await server.call(name, args);
        expect(!isError, text);
        return text;
      });
      expect(await ofLangChain.invoke(again), 'no text');
    });
  }
}

await run(async binary => {
  await sample();
  await withTaskFile(async db => {
    const { command, args, env } = serverCommand(binary, db);
    const server = await Server.start(command, args, { env: { ...env, TZ: 'UTC' } });
    await schemas(server.tools);
    await calls(server);
    await server.stop();
  });
});
