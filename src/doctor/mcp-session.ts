import { isAnswer, type Ask, type Outcome } from './ask.js';
import { initializeRequest } from './deployment.js';
import { jsonOf, textIn, type Json } from './document.js';

/** What came of calling an MCP server with a token. */
export interface McpVisit {
  readonly initialized: Outcome;
  /** How many tools it lists; undefined when it did not answer as an MCP server does. */
  readonly tools: number | undefined;
}

/** Calls an MCP server as a client does that has a token, and ends the session. */
export async function visitMcpServer(url: string, accessToken: string, ask: Ask): Promise<McpVisit> {
  const authorization = { authorization: `Bearer ${accessToken}` };
  const first = { ...initializeRequest(url, authorization), isEnough: hasResult };
  const initialized = await ask(first);
  const version = textIn(resultOf(initialized), 'protocolVersion');
  if (!isAnswer(initialized) || version === undefined) return { initialized, tools: undefined };
  const session = initialized.headers.get('mcp-session-id');
  const headers = {
    ...first.headers,
    'mcp-protocol-version': version,
    ...(session !== undefined && { 'mcp-session-id': session }),
  };
  const say = (message: object) =>
    ask({ url, method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...message }), isEnough: hasResult });
  await say({ method: 'notifications/initialized' });
  const tools = resultOf(await say({ id: 2, method: 'tools/list' }))?.['tools'];
  if (session !== undefined) await ask({ url, method: 'DELETE', headers });
  return { initialized, tools: Array.isArray(tools) ? tools.length : undefined };
}

/** The result of a JSON-RPC answer, which may come as an event. */
function resultOf(outcome: Outcome): Json | undefined {
  const message =
    jsonOf(outcome) ?? (isAnswer(outcome) ? jsonOf({ ...outcome, text: lastEvent(outcome.text) }) : undefined);
  const result: unknown = message?.['result'];
  return typeof result === 'object' && result !== null ? (result as Json) : undefined;
}

/** A stream of events may stay open after the answer. */
function hasResult(text: string): boolean {
  return /^data:/m.test(text) && /\n\r?\n/.test(text) && /"(?:result|error)"/.test(lastEvent(text));
}

function lastEvent(text: string): string {
  const data = [...text.matchAll(/^data: ?(.*)$/gm)].map(([, line = '']) => line.trim());
  return data.findLast((line) => /"(?:result|error)"/.test(line)) ?? '';
}
