// A chat host in the page of another server: the AppBridge of ext-apps around a sandboxed frame, as hosts have it. Bundled
// for the browser; `boot` is called by the checks.

import { AppBridge, PostMessageTransport } from '@modelcontextprotocol/ext-apps/app-bridge';

// What hosts let a view do (MCP Apps 2026-01-26): its own scripts and styles, no requests.
const POLICY = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' data:; connect-src 'none'";

async function ask(method, params) {
  const response = await fetch('/ask', { method: 'POST', body: JSON.stringify({ method, params }) });
  const { result, error } = await response.json();
  if (error) throw new Error(error);
  return result;
}

/** What the view did: calls, heights, what it told the model. */
globalThis.heard = { calls: [], heights: [], told: [] };

globalThis.boot = async ({ theme = 'dark', modes = ['inline', 'fullscreen'], variables = {}, visible = true }) => {
  const frame = document.createElement('iframe');
  frame.id = 'view';
  frame.sandbox = 'allow-scripts';
  frame.style.cssText = `border: 0; width: 100%; height: 300px; display: block; margin-top: ${visible ? 0 : 3000}px`;
  const context = { theme, displayMode: 'inline', availableDisplayModes: modes, locale: 'en-US', timeZone: 'UTC', platform: 'desktop', containerDimensions: { maxHeight: 500 }, styles: { variables } };
  const bridge = new AppBridge(null, { name: 'test-host', version: '1' }, { serverTools: {}, logging: {}, updateModelContext: { text: {} } }, { hostContext: context });
  bridge.oncalltool = async call => {
    heard.calls.push(call);
    // Some hosts leave the text alone.
    const { structuredContent, _meta, ...kept } = await ask('callTool', call);
    return kept;
  };
  bridge.onsizechange = ({ height }) => {
    heard.heights.push(height);
    frame.style.height = `${height}px`;
  };
  bridge.onrequestdisplaymode = async ({ mode }) => {
    frame.style.height = '800px';
    bridge.setHostContext({ displayMode: mode });
    return { mode };
  };
  bridge.onupdatemodelcontext = async ({ content }) => {
    heard.told.push(content[0].text);
    return {};
  };
  const initialized = new Promise(resolve => (bridge.oninitialized = resolve));
  document.body.append(frame);
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  const html = await (await fetch('/board.html')).text();
  frame.srcdoc = html.replace(/<head>/i, head => `${head}<meta http-equiv="Content-Security-Policy" content="${POLICY}">`);
  await initialized;
  await bridge.sendToolInput({ arguments: {} });
  await bridge.sendToolResult(await ask('callTool', { name: 'show_board', arguments: {} }));
  globalThis.bridge = bridge;
};
