import type { RequestListener } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer as McpServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { createMcpHandler, McpServer as McpServerV2 } from '@modelcontextprotocol/server';
import express, { type Request as ExpressRequest } from 'express';
import { ConfigurationError, protectTools, type AuthInfo, type BearerMiddleware } from 'mcp-gatehouse';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { serve, type Served } from '../http/serve.js';
import { webListener } from '../http/web-listener.js';
import { bearer, callOf, chatGpt, makeGuards, metadataUrl, rpc } from './tool-scene.js';

const about = { name: 'test', version: '1.0.0' };
const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] });
const names = ['open', 'add', 'mine', 'undeclared'];
const object = { type: 'object' as const };

const tools = protectTools({
  open: { securitySchemes: [{ type: 'noauth' }] },
  add: { securitySchemes: [{ type: 'oauth2', scopes: ['write'] }] },
  mine: { securitySchemes: [{ type: 'oauth2' }], allow: ({ extra }: AuthInfo) => extra.sub === 'admin' },
});

/** The low-level servers of both lines. */
type LowServerV1 = McpServerV1['server'];
type LowServerV2 = McpServerV2['server'];

type When = 'before' | 'after' | 'partly after';
const ranTools: string[] = [];
const run = (name: string) => {
  ranTools.push(name);
  return text(`ran ${name}`);
};

/** Registers the tools before or after the declarations are attached. */
function build<S extends object>(server: S, register: (name: string) => void, when: When): S {
  const early = when === 'before' ? names : when === 'after' ? [] : names.slice(0, 2);
  early.forEach(register);
  expect(tools.attach(server)).toBe(server);
  names.filter((name) => !early.includes(name)).forEach(register);
  return server;
}

function serverOfLine1(when: When): McpServerV1 {
  const server = new McpServerV1(about);
  return build(server, (name) => void server.registerTool(name, { _meta: { own: name } }, () => run(name)), when);
}

function lowServerOfLine1(when: When): LowServerV1 {
  const { server } = new McpServerV1(about);
  server.registerCapabilities({ tools: {} });
  const listed = { tools: names.map((name) => ({ name, inputSchema: object, _meta: { own: name } })) };
  const register = (name: string) => {
    if (name === 'open') server.setRequestHandler(ListToolsRequestSchema, () => listed);
    if (name === 'mine') server.setRequestHandler(CallToolRequestSchema, ({ params }) => run(params.name));
  };
  return build(server, register, when);
}

function serverOfLine2(when: When): McpServerV2 {
  const server = new McpServerV2(about);
  return build(server, (name) => void server.registerTool(name, { _meta: { own: name } }, () => run(name)), when);
}

function lowServerOfLine2(when: When): LowServerV2 {
  const { server } = new McpServerV2(about);
  server.registerCapabilities({ tools: {} });
  const listed = { tools: names.map((name) => ({ name, inputSchema: object, _meta: { own: name } })) };
  const register = (name: string) => {
    if (name === 'open') server.setRequestHandler('tools/list', () => listed);
    if (name === 'mine') server.setRequestHandler('tools/call', ({ params }) => run(params.name));
  };
  return build(server, register, when);
}

/** Serves a server of line 1, without sessions, behind some gate. */
function listenerOfLine1(make: () => McpServerV1 | LowServerV1, gate: BearerMiddleware): RequestListener {
  return express().use(gate, async (request: ExpressRequest, response) => {
    const server = make();
    const transport = new StreamableHTTPServerTransport({});
    response.on('close', () => void server.close());
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
  });
}

function listenerOfLine2(make: () => McpServerV2 | LowServerV2, gate: BearerMiddleware): RequestListener {
  const handler = toNodeHandler(createMcpHandler(make));
  return express().use(gate, (request: ExpressRequest, response) => handler(request, response, request.body));
}

const servers: Record<string, (when: When, gate: BearerMiddleware) => RequestListener> = {
  'McpServer of line 1': (when, gate) => listenerOfLine1(() => serverOfLine1(when), gate),
  'Server of line 1': (when, gate) => listenerOfLine1(() => lowServerOfLine1(when), gate),
  'McpServer of line 2': (when, gate) => listenerOfLine2(() => serverOfLine2(when), gate),
  'Server of line 2': (when, gate) => listenerOfLine2(() => lowServerOfLine2(when), gate),
};

let served: Served | undefined;
afterEach(async () => {
  await served?.close();
  served = undefined;
  ranTools.length = 0;
});

interface Tool {
  readonly name: string;
  readonly securitySchemes?: unknown;
  readonly _meta: Readonly<Record<string, unknown>>;
}
interface Result {
  readonly tools: Tool[];
  readonly content: readonly { readonly text: string }[];
  readonly isError?: boolean;
  readonly resultType?: string;
  readonly _meta?: Readonly<Record<string, string[]>>;
}

/** Sends one message, and reads the answer as it came over the wire, without any SDK. */
async function send(message: object, headers: Record<string, string> = {}): Promise<Result> {
  const answer = await fetch(`${served?.origin ?? ''}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify(message),
  });
  const raw = await answer.text();
  expect(answer.status, raw).toBe(200);
  const json = answer.headers.get('content-type')?.startsWith('text/event-stream')
    ? (/^data: (.*)$/m.exec(raw)?.[1] ?? '')
    : raw;
  const { result } = JSON.parse(json) as { result?: Result };
  if (!result) throw new Error(`No result: ${raw}`);
  return result;
}

const open: BearerMiddleware = (_request, _response, next) => next();
const mixedGate = () => makeGuards().requireBearerAuth({ scopes: ['base'], tools });

describe.each(Object.entries(servers))('%s', (_, listen) => {
  const start = async (when: When, gate: BearerMiddleware) => (served = await serve(() => listen(when, gate)));

  it.each<When>(['before', 'after', 'partly after'])('lists who may call its tools, registered %s', async (when) => {
    await start(when, mixedGate());
    const { tools: listed } = await send(rpc('tools/list'));
    const schemes = Object.fromEntries(listed.map((tool) => [tool.name, tool.securitySchemes]));
    expect(schemes).toEqual({
      open: [{ type: 'noauth' }],
      add: [{ type: 'oauth2', scopes: ['write'] }],
      mine: [{ type: 'oauth2' }],
      undeclared: undefined,
    });
    for (const { name, securitySchemes, _meta } of listed) {
      expect(_meta).toEqual({ own: name, ...(securitySchemes !== undefined && { securitySchemes }) });
    }
  });

  it.each<When>(['before', 'after', 'partly after'])(
    'checks once more before a tool runs that was registered %s, though no gate did',
    async (when) => {
      await start(when, open);
      for (const name of ['add', 'mine']) {
        const { isError, _meta, content } = await send(callOf(name));
        expect([isError, content]).toEqual([true, [{ type: 'text', text: 'Authentication is required.' }]]);
        expect(_meta?.['mcp/www_authenticate']).toEqual([
          expect.stringMatching(/^Bearer error="invalid_token", error_description="Authentication is required\."/),
        ]);
      }
      expect(ranTools).toEqual([]);
      expect(await send(callOf('open'))).toMatchObject(text('ran open'));
      expect(await send(callOf('undeclared'))).toMatchObject(text('ran undeclared'));
    },
  );

  it.each<When>(['before', 'after'])('knows who called, and asks or denies; tools registered %s', async (when) => {
    // A gate that looks at no tool: what it lets through has a token.
    await start(when, makeGuards().requireBearerAuth());
    const lacking = await send(callOf('add'), bearer('read'));
    expect(lacking.isError).toBe(true);
    expect(lacking._meta?.['mcp/www_authenticate']).toEqual([
      'Bearer error="insufficient_scope", error_description="The access token does not have the scope that this needs.", ' +
        `scope="write", resource_metadata="${metadataUrl}"`,
    ]);
    const denied = await send(callOf('mine'), bearer('read'));
    expect([denied.isError, denied.content[0]?.text]).toEqual([true, 'This user may not use this tool.']);
    expect(denied._meta?.['mcp/www_authenticate']).toBeUndefined();
    expect(ranTools).toEqual([]);
    expect(await send(callOf('add'), bearer('all'))).toMatchObject(text('ran add'));
    expect(await send(callOf('mine'), bearer('admin'))).toMatchObject(text('ran mine'));
  });

  it('serves behind the gate what the gate has read', async () => {
    await start('before', mixedGate());
    expect(await send(callOf('open'))).toMatchObject(text('ran open'));
    expect(await send(callOf('add'), bearer('write'))).toMatchObject(text('ran add'));
    expect(await send(callOf('add'), chatGpt)).toMatchObject({ isError: true });
    expect(ranTools).toEqual(['open', 'add']);
  });
});

describe('a server of line 2 behind the web-standard gate', () => {
  it('serves what the gate has read, in the newest revision of the protocol too', async () => {
    const mcp = createMcpHandler(() => serverOfLine2('before'));
    const guarded = makeGuards().withBearerAuth(
      (request, { auth, body }) => mcp.fetch(request, { parsedBody: body, ...(auth && { authInfo: auth }) }),
      { scopes: ['base'], tools },
    );
    served = await serve(() => webListener(guarded));
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': about,
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const headersOf = (method: string, name?: string) => ({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(name !== undefined && { 'mcp-name': name }),
    });
    const { tools: listed } = await send(rpc('tools/list', { _meta }), headersOf('tools/list'));
    expect(listed.find(({ name }) => name === 'add')?.securitySchemes).toEqual([{ type: 'oauth2', scopes: ['write'] }]);
    const call = (name: string) => rpc('tools/call', { name, arguments: {}, _meta });
    expect(await send(call('open'), headersOf('tools/call', 'open'))).toMatchObject(text('ran open'));
    expect(await send(call('add'), { ...headersOf('tools/call', 'add'), ...bearer('write') })).toMatchObject(
      text('ran add'),
    );
    const refused = await send(call('add'), { ...headersOf('tools/call', 'add'), ...chatGpt });
    expect(refused).toMatchObject({ isError: true, resultType: 'complete' });
  });
});

describe('attach', () => {
  it.each([{}, { server: {} }, { setRequestHandler: () => undefined }, [], new Map(), { server: null }])(
    'refuses what is no server that it knows: %j',
    (value) => {
      expect(() => tools.attach(value)).toThrow(ConfigurationError);
    },
  );

  it('takes nothing in the parameters for the method or the name, where a handler of line 2 is given them alone', async () => {
    const params = z.looseObject({ name: z.string() });
    const server = () => {
      const { server: low } = new McpServerV2(about);
      low.registerCapabilities({ tools: {} });
      tools.attach(low).setRequestHandler('tools/call', { params }, ({ name }) => run(name));
      return low;
    };
    served = await serve(() => listenerOfLine2(server, open));
    for (const added of [{ method: 'ping' }, { params: { name: 'open' } }, {}]) {
      expect(await send(rpc('tools/call', { name: 'add', arguments: {}, ...added }))).toMatchObject({ isError: true });
    }
    expect(ranTools).toEqual([]);
  });

  it('may be said twice', async () => {
    const server = () => tools.attach(serverOfLine1('after'));
    served = await serve(() => listenerOfLine1(server, open));
    expect(await send(callOf('add'))).toMatchObject({ isError: true });
    expect((await send(rpc('tools/list'))).tools).toHaveLength(4);
  });
});
