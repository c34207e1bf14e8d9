// How each host is set up in an empty home, and started for one prompt.
//
//   program        the command that starts the host
//   install        what is done besides `taskhold install` for the host to talk to the scripted model
//   installHttp    connects the host to the daemon, as its documentation says
//   prompt, env    arguments and environment of one process with one prompt
//   load           how the model gets a tool that the host keeps back until it is asked for
//   clientInfo     what it calls itself to the server
//   stateless      whether it speaks 2026-07-28, which has no sessions
//   shows          what of a result the model sees: 'structured' (its JSON where there is one) or 'content' (the text)
//   unwrapped      the answer, without what the host puts around it
//   alters         what the host is known to do to the tools' schemas; anything else is a failure
//   fills          arguments that the host asks the model for beside the tool's own

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = fileURLToPath(new URL('packages/', import.meta.url));
const KEY = 'scripted';

const claudeCode = {
  clientInfo: 'claude-code',
  stateless: true,
  shows: 'structured',
  unwrapped: text => text.replace(/\n*<system-reminder>[^]*?<\/system-reminder>/g, ''),
  program: [installed('claude-code', `@anthropic-ai/claude-code-${process.platform}-${process.arch}`, 'claude')],
  // It keeps back what does not ask to be always loaded.
  load: name => ({ name: 'ToolSearch', args: { query: `select:${name}` } }),
  async install() {},
  installHttp: ({ host, url, token }) =>
    host('mcp', 'add', '-s', 'user', '--transport', 'http', 'tasks', url, '--header', `Authorization: Bearer ${token}`),
  // As root it refuses to skip permissions.
  prompt: text => ['-p', text, '--allowedTools', 'mcp__tasks', '--model', 'claude-sonnet-4-5'],
  env: ({ model }) => ({
    ANTHROPIC_BASE_URL: model,
    ANTHROPIC_API_KEY: KEY,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_AUTOUPDATER: '1',
  }),
};

const codex = {
  clientInfo: 'codex-mcp-client',
  shows: 'structured',
  unwrapped: text => text.replace(/^Wall time: .*\nOutput:\n/, ''),
  program: [process.execPath, installed('codex', '@openai/codex/bin/codex.js')],
  async install({ home, model }) {
    await prepend(join(home, '.codex/config.toml'), `model = "gpt-5"
model_provider = "scripted"
check_for_update_on_startup = false

[model_providers.scripted]
name = "scripted"
base_url = "${model}/v1"
wire_api = "responses"
env_key = "SCRIPTED_KEY"

[analytics]
enabled = false

[otel]
exporter = "none"

[features]
apps = false
plugins = false

`);
  },
  installHttp: ({ host, url }) => host('mcp', 'add', 'tasks', '--url', url, '--bearer-token-env-var', 'TASKHOLD_TOKEN'),
  prompt: text => ['exec', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox', text],
  env: ({ token }) => ({ SCRIPTED_KEY: KEY, TASKHOLD_TOKEN: token }),
};

const gemini = {
  clientInfo: 'gemini-cli-mcp-client',
  shows: 'content',
  unwrapped: text => text.replace(/^<untrusted_context>\n([^]*)\n<\/untrusted_context>$/, '$1'),
  fills: { wait_for_previous: true },
  alters: [/\.wait_for_previous: added/],
  program: [process.execPath, installed('gemini', '@google/gemini-cli/bundle/gemini.js')],
  async install({ home }) {
    await edit(join(home, '.gemini/settings.json'), settings => ({
      ...settings,
      general: { disableAutoUpdate: true, disableUpdateNag: true, enableAutoUpdate: false },
      privacy: { usageStatisticsEnabled: false },
      telemetry: { enabled: false },
      security: { auth: { selectedType: 'gemini-api-key' } },
    }));
  },
  installHttp: ({ host, url, token }) =>
    host('mcp', 'add', '-s', 'user', '-t', 'http', '-H', `Authorization: Bearer ${token}`, 'tasks', url),
  prompt: text => ['-p', text, '--approval-mode', 'yolo', '--skip-trust', '-m', 'gemini-2.5-pro'],
  env: ({ model }) => ({ GOOGLE_GEMINI_BASE_URL: model, GEMINI_API_KEY: KEY, GEMINI_CLI_NO_RELAUNCH: 'true' }),
};

const opencode = {
  clientInfo: 'opencode',
  shows: 'content',
  unwrapped: text => text,
  alters: [/\.additionalProperties: added false/],
  program: [installed('opencode', 'opencode-linux-x64/bin/opencode')],
  async install({ home, model, installed, command }) {
    // It fetches a package for plugins into its configuration at every start, unless it is there and in the lock.
    const folder = join(home, '.config/opencode');
    await mkdir(join(folder, 'node_modules'), { recursive: true });
    await edit(join(folder, 'package-lock.json'), () => ({ packages: { '': { dependencies: { '@opencode-ai/plugin': '*' } } } }));
    await edit(join(home, '.config/opencode/opencode.json'), ({ mcp, ...config }) => ({
      ...config,
      autoupdate: false,
      share: 'disabled',
      model: 'scripted/scripted',
      small_model: 'scripted/scripted',
      enabled_providers: ['scripted'],
      provider: {
        scripted: {
          npm: '@ai-sdk/openai-compatible',
          name: 'scripted',
          options: { baseURL: `${model}/v1`, apiKey: KEY },
          models: { scripted: { name: 'scripted', tool_call: true, limit: { context: 200_000, output: 8_000 } } },
        },
      },
      ...(mcp || !installed ? { mcp: mcp ?? { tasks: { type: 'local', command, enabled: true } } } : {}),
    }));
  },
  async installHttp({ home, url, token }) {
    await edit(join(home, '.config/opencode/opencode.json'), config => ({
      ...config,
      mcp: { tasks: { type: 'remote', url, headers: { Authorization: `Bearer ${token}` }, enabled: true } },
    }));
  },
  prompt: text => ['run', '--auto', text],
  env: () => ({
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
    OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
    OPENCODE_DISABLE_SHARE: '1',
  }),
};

export const HOSTS = { 'claude-code': claudeCode, codex, gemini, opencode };

/** The version of a host that is pinned: that of the one package its own package.json asks for. */
export async function versionOf(name) {
  const { dependencies } = JSON.parse(await readFile(join(PACKAGES, name, 'package.json'), 'utf8'));
  return Object.values(dependencies)[0];
}

function installed(host, ...path) {
  return join(PACKAGES, host, 'node_modules', ...path);
}

async function edit(file, change) {
  const text = await readFile(file, 'utf8').catch(() => '{}');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(change(JSON.parse(text)), null, 2));
}

async function prepend(file, text) {
  const rest = await readFile(file, 'utf8').catch(() => '');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text + rest);
}
