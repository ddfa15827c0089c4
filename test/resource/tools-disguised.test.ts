import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer as McpServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { createMcpHandler, McpServer as McpServerV2 } from '@modelcontextprotocol/server';
import express, { type Request, type Response } from 'express';
import { protectTools } from 'mcp-gatehouse';
import { afterEach, describe, expect, it } from 'vitest';
import { serve, type Served } from '../http/serve.js';
import { webListener } from '../http/web-listener.js';
import { bearer, callOf, makeGuards } from './tool-scene.js';

const names = ['open', 'add'];
const tools = protectTools({
  open: { securitySchemes: [{ type: 'noauth' }] },
  add: { securitySchemes: [{ type: 'oauth2', scopes: ['write'] }] },
});

const half = '"jsonrpc":"2.0","id":1';
const whole = `"method":"tools/call","params":{"name":"add","arguments":{}}`;

/** Calls of `add` that a reader of JSON other than the server's might take for something else, or the other way round. */
const disguised: Record<string, string | Uint8Array> = {
  'a method said twice': `{${half},"method":"ping",${whole}}`,
  'a name said twice': `{${half},"method":"tools/call","params":{"name":"open","name":"add","arguments":{}}}`,
  'parameters said twice': `{${half},"method":"tools/call","params":{"name":"open"},"params":{"name":"add"}}`,
  escapes: `{${half},"\\u006dethod":"tools\\/call","params":{"n\\u0061me":"\\u0061dd"}}`,
  'a message in __proto__': `{${half},"__proto__":{${whole}}}`,
  'parameters in __proto__': `{${half},"method":"tools/call","__proto__":{"params":{"name":"add"}}}`,
  'a name in __proto__': `{${half},"method":"tools/call","params":{"__proto__":{"name":"add","arguments":{}}}}`,
  'a list of names': `{${half},"method":"tools/call","params":{"name":["add"]}}`,
  'a list of parameters': `{${half},"method":"tools/call","params":[{"name":"add"}]}`,
  'a list of methods': `{${half},"method":["tools/call"],"params":{"name":"add"}}`,
  'a batch': `[{${half},"method":"ping"},{${half},${whole}}]`,
  'a batch in a batch': `[[{${half},${whole}}]]`,
  'no id': `{"jsonrpc":"2.0",${whole}}`,
  'a task': `{${half},"method":"tools/call","params":{"name":"add","task":{"ttl":1000}}}`,
  'a byte order mark': `\ufeff{${half},${whole}}`,
  'bytes that are no UTF-8': Buffer.from(`{${half},"x":"\xff",${whole}}`, 'latin1'),
  'UTF-16': Buffer.from(`\ufeff{${half},${whole}}`, 'utf16le'),
  gzip: gzipSync(`{${half},${whole}}`),
  'a form': 'jsonrpc=2.0&id=1&method=tools/call&params[name]=add',
};
const types = ['application/json', 'application/json; charset=utf-16le', 'application/x-www-form-urlencoded'];

const ranTools: string[] = [];
const run = (name: string) => {
  ranTools.push(name);
  return { content: [{ type: 'text' as const, text: `ran ${name}` }] };
};

/** Servers whose tools check nothing by themselves: the gate does. */
function serverOfLine1(): McpServerV1 {
  const server = new McpServerV1({ name: 'test', version: '1.0.0' });
  for (const name of names) server.registerTool(name, {}, () => run(name));
  return server;
}
function serverOfLine2(): McpServerV2 {
  const server = new McpServerV2({ name: 'test', version: '1.0.0' });
  for (const name of names) server.registerTool(name, {}, () => run(name));
  return server;
}

async function serveLine1(request: Request, response: Response): Promise<void> {
  const server = serverOfLine1();
  const transport = new StreamableHTTPServerTransport({});
  response.on('close', () => void server.close());
  await server.connect(transport);
  await transport.handleRequest(request, response, request.body);
}

const options = { scopes: ['base'], tools };
const gate = () => makeGuards().requireBearerAuth(options);
const handlerOfLine2 = createMcpHandler(serverOfLine2);
const nodeHandlerOfLine2 = toNodeHandler(handlerOfLine2);

const behindGates: Record<string, () => RequestListener> = {
  'line 1': () => express().use(gate(), serveLine1),
  'line 1 behind parsers': () =>
    express().use(express.json(), express.urlencoded({ extended: true }), gate(), serveLine1),
  'line 2': () =>
    express().use(gate(), (request: Request, response) => nodeHandlerOfLine2(request, response, request.body)),
  // It reads the request once more, by itself.
  'line 2 on web standards': () =>
    webListener(
      makeGuards().withBearerAuth(
        (request, { auth }) => handlerOfLine2.fetch(request, auth && { authInfo: auth }),
        options,
      ),
    ),
};

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
  ranTools.length = 0;
});

describe.each(Object.entries(behindGates))('a server of %s, which only the gate protects', (_, listener) => {
  it.each(Object.entries(disguised))('runs no tool for a call in disguise: %s', async (_, body) => {
    served = await serve(listener);
    const send = async (message: string | Uint8Array, headers: Record<string, string>) => {
      const accept = 'application/json, text/event-stream';
      const init = { method: 'POST', headers: { accept, ...headers }, body: message };
      await (await fetch(served?.origin ?? '', init)).text();
    };
    for (const type of types) {
      for (const more of [{}, bearer('base'), { ...bearer('base'), 'content-encoding': 'gzip' }]) {
        await send(body, { 'content-type': type, ...more });
      }
    }
    expect(ranTools).toEqual([]);
    // And it does run for whoever may call it.
    await send(JSON.stringify(callOf('add')), { 'content-type': 'application/json', ...bearer('write') });
    expect(ranTools).toEqual(['add']);
  });
});
