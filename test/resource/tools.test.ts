import type { RequestListener } from 'node:http';
import express, { type Request as ExpressRequest, type Response as ExpressResponse } from 'express';
import express4 from 'express4';
import {
  ConfigurationError,
  getAuth,
  protectTools,
  type LogEntry,
  type ProtectedTools,
  type ToolAuthOptions,
} from 'mcp-gatehouse';
import { afterEach, describe, expect, it } from 'vitest';
import { serve, type Served } from '../http/serve.js';
import { webListener } from '../http/web-listener.js';
import { bearer, callOf, chatGpt, makeGuards, mcpUrl, metadataUrl, rpc } from './tool-scene.js';

/** What a handler behind the gate was told: who, and which body. */
interface Told {
  readonly sub: string | undefined;
  readonly body: unknown;
}

/** Puts a gate for tools before a handler that tells what it was told, in Express and in a web-standard server. */
const adapters: Record<string, (options: ToolAuthOptions, log: LogEntry[]) => RequestListener> = {
  'the middleware': (options, log) => {
    const gate = makeGuards(log).requireBearerAuth(options);
    return express().use(gate, (request, response) => void response.json(toldOf(request, request.body)));
  },
  'the web-standard gate': (options, log) =>
    webListener(
      makeGuards(log).withBearerAuth(async (request, { auth, body }) => {
        expect(auth?.extra.sub).toBe(subOf(request));
        const read = await request.text();
        expect(read === '' ? undefined : JSON.parse(read)).toEqual(body);
        return Response.json(toldOf(request, body));
      }, options),
    ),
};

const toldOf = (request: ExpressRequest | Request, body: unknown): Told => ({ sub: subOf(request), body });

function subOf(request: ExpressRequest | Request): string | undefined {
  try {
    return getAuth(request).extra.sub;
  } catch (error) {
    expect(String(error)).toContain('came through without a token');
    return undefined;
  }
}

const closed = protectTools({
  add: { securitySchemes: [{ type: 'oauth2', scopes: ['write'] }] },
  either: {
    securitySchemes: [
      { type: 'oauth2', scopes: ['admin', 'other'] },
      { type: 'oauth2', scopes: ['read'] },
    ],
  },
  anyone: { securitySchemes: [{ type: 'oauth2' }] },
  rule: {
    securitySchemes: [{ type: 'oauth2', scopes: ['read'] }],
    allow: ({ extra }) => extra.sub === 'admin',
  },
});
const mixed = protectTools(
  {
    ping: { securitySchemes: [{ type: 'noauth' }] },
    search: { securitySchemes: [{ type: 'noauth' }, { type: 'oauth2', scopes: ['read'] }] },
    add: { securitySchemes: [{ type: 'oauth2', scopes: ['write'] }] },
    mine: { securitySchemes: [{ type: 'noauth' }], allow: ({ extra }) => extra.sub === 'admin' },
  },
  { publicMethods: ['resources/list'] },
);

let served: Served | undefined;
let log: LogEntry[] = [];
afterEach(async () => {
  await served?.close();
  served = undefined;
});

async function start(listener: (log: LogEntry[]) => RequestListener): Promise<void> {
  log = [];
  served = await serve(() => listener(log));
}

const send = (body: unknown, headers: Record<string, string> = {}, method = 'POST') =>
  fetch(`${served?.origin ?? ''}/mcp`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });

const challengeOf = (answer: Response) => answer.headers.get('www-authenticate') ?? '';
const scopeOf = (answer: Response) => /scope="([^"]*)"/.exec(challengeOf(answer))?.[1];

describe.each(Object.entries(adapters))('%s, for declared tools', (_, adapter) => {
  const startClosed = () => start((to) => adapter({ scopes: ['base'], tools: closed }, to));
  const startMixed = () => start((to) => adapter({ scopes: ['base'], tools: mixed }, to));

  it('lets a call through whose token has what the tool needs, and tells who and what', async () => {
    await startClosed();
    const answer = await send(callOf('add'), bearer('write'));
    expect([answer.status, await answer.json()]).toEqual([200, { sub: 'alice', body: callOf('add') }]);
    expect((await send(callOf('either'), bearer('read'))).status).toBe(200);
    expect((await send(callOf('either'), bearer('admin', 'other'))).status).toBe(200);
    expect((await send(callOf('anyone'), bearer())).status).toBe(200);
    expect((await send(callOf('add'), bearer('all'))).status).toBe(200);
  });

  it('asks for all that the tool needs and nothing else, in the shortest of several ways', async () => {
    await startClosed();
    const answer = await send(callOf('add'), bearer('base'));
    expect(answer.status).toBe(403);
    expect(challengeOf(answer)).toBe(
      'Bearer error="insufficient_scope", error_description="The access token does not have the scope that this needs.", ' +
        `scope="write", resource_metadata="${metadataUrl}"`,
    );
    expect(scopeOf(await send(callOf('either'), bearer('base')))).toBe('read');
    expect(scopeOf(await send(callOf('either'), bearer('admin')))).toBe('admin other');
    expect(log.map(({ event, code }) => [event, code])).toContainEqual(['access refused', 'insufficient_scope']);
  });

  it.each(['resources/list', 'tools/list', 'initialize', 'notifications/initialized', 'tools/call', 'nonsense'])(
    'asks for the scopes of the whole for %s',
    async (method) => {
      await startClosed();
      expect((await send(rpc(method), bearer('base'))).status).toBe(200);
      const answer = await send(rpc(method), bearer('read'));
      expect([answer.status, scopeOf(answer)]).toEqual([403, 'base']);
    },
  );

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'Add', 'add ', '', 7, null, ['add'], { add: 1 }])(
    'takes %j for no declared tool',
    async (name) => {
      await startMixed();
      expect((await send(callOf(name))).status).toBe(401);
      const answer = await send(callOf(name), bearer('write'));
      expect([answer.status, scopeOf(answer)]).toEqual([403, 'base']);
      expect((await send(callOf(name), bearer('base'))).status).toBe(200);
    },
  );

  it('asks for the scopes of the whole for what is no request: answers, bare values, no message at all', async () => {
    await startMixed();
    for (const body of [{ jsonrpc: '2.0', id: 1, result: {} }, 'null', '7', '"add"', '[]', '{}', '[[]]', '[null]']) {
      expect((await send(body)).status, JSON.stringify(body)).toBe(401);
      expect((await send(body, bearer('write'))).status, JSON.stringify(body)).toBe(403);
      expect((await send(body, bearer('base'))).status, JSON.stringify(body)).toBe(200);
    }
  });

  describe('where every tool needs a token', () => {
    it.each(['GET', 'POST', 'DELETE', 'PUT'])('challenges %s without one, and names no error', async (method) => {
      await startClosed();
      const answer = await send(rpc('initialize'), {}, method);
      expect(answer.status).toBe(401);
      expect(challengeOf(answer)).toBe(`Bearer scope="base", resource_metadata="${metadataUrl}"`);
    });

    it('wants the scopes of the whole for streams and the end of sessions', async () => {
      await startClosed();
      for (const method of ['GET', 'DELETE']) {
        expect((await send(undefined, bearer('base'), method)).status).toBe(200);
        const answer = await send(undefined, bearer('write'), method);
        expect([answer.status, scopeOf(answer)]).toEqual([403, 'base']);
      }
    });
  });

  describe('where some tool needs no token', () => {
    it.each([
      rpc('initialize'),
      rpc('ping'),
      rpc('tools/list'),
      rpc('server/discover'),
      rpc('notifications/initialized'),
      rpc('resources/list'),
      callOf('ping'),
      callOf('search'),
      [rpc('initialize'), callOf('ping')],
    ])('lets %j through without one, or with one that has no scopes', async (body) => {
      await startMixed();
      const answer = await send(body);
      expect([answer.status, await answer.json()]).toEqual([200, { body }]);
      const known = await send(body, bearer());
      expect([known.status, await known.json()]).toEqual([200, { sub: 'alice', body }]);
    });

    it.each([rpc('resources/read'), rpc('prompts/list'), callOf('add'), callOf('unknown'), callOf('mine')])(
      'challenges %j without one',
      async (body) => {
        await startMixed();
        const answer = await send(body);
        expect([answer.status, challengeOf(answer)]).toEqual([401, expect.stringMatching(/^Bearer scope=/) as unknown]);
        expect((await send([rpc('ping'), body])).status).toBe(401);
      },
    );

    it('asks at once for the scopes of the tool', async () => {
      await startMixed();
      expect(scopeOf(await send(callOf('add')))).toBe('write');
    });

    it('has no stream for strangers, nor for tokens without the scopes of the whole, and asks for nothing', async () => {
      await startMixed();
      for (const method of ['GET', 'DELETE']) {
        for (const headers of [{ 'mcp-session-id': 'stolen' }, bearer('write')]) {
          const answer = await send(undefined, headers, method);
          expect([answer.status, answer.headers.get('allow'), challengeOf(answer)]).toEqual([405, 'POST', '']);
          expect(answer.headers.get('access-control-allow-origin')).toBe('*');
        }
        expect((await send(undefined, bearer('base'), method)).status).toBe(200);
      }
      expect((await send(undefined, {}, 'PUT')).status).toBe(401);
    });

    it.each([{}, chatGpt])('refuses a bad token like anywhere, and never takes it for none: %j', async (agent) => {
      await startMixed();
      for (const body of [callOf('ping'), callOf('add'), rpc('initialize'), '{']) {
        const answer = await send(body, { authorization: 'Bearer bad', ...agent });
        expect(answer.status).toBe(401);
        expect(challengeOf(answer)).toMatch(/^Bearer error="invalid_token", error_description="[^"]+", scope="base"/);
      }
      expect((await send(callOf('ping'), { authorization: 'Bearer away', ...agent })).status).toBe(503);
    });
  });

  describe('in a result', () => {
    it('asks for a user', async () => {
      for (const tools of [closed, mixed]) {
        await start((to) => adapter({ scopes: ['base'], tools }, to));
        const answer = await send(callOf('add', 'seven'), chatGpt);
        expect([answer.status, challengeOf(answer)]).toEqual([200, '']);
        expect(answer.headers.get('content-type')).toBe('application/json');
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.headers.get('access-control-allow-origin')).toBe('*');
        expect(await answer.json()).toEqual({
          jsonrpc: '2.0',
          id: 'seven',
          result: {
            content: [{ type: 'text', text: 'Authentication is required.' }],
            isError: true,
            _meta: {
              'mcp/www_authenticate': [
                'Bearer error="invalid_token", error_description="Authentication is required.", scope="write", ' +
                  `resource_metadata="${metadataUrl}"`,
              ],
            },
          },
        });
        await served?.close();
      }
    });

    it('asks for more scopes', async () => {
      await startMixed();
      const answer = await send(callOf('add'), { ...bearer('base'), ...chatGpt });
      const { result } = (await answer.json()) as { result: { _meta: Record<string, string[]> } };
      expect(answer.status).toBe(200);
      expect(result._meta['mcp/www_authenticate']).toEqual([
        'Bearer error="insufficient_scope", error_description="The access token does not have the scope that this needs.", ' +
          `scope="write", resource_metadata="${metadataUrl}"`,
      ]);
    });

    it('says that it is complete, where the revision of the protocol demands it', async () => {
      await startMixed();
      const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
      const answer = await send(rpc('tools/call', { name: 'add', _meta }), chatGpt);
      expect(await answer.json()).toMatchObject({ result: { resultType: 'complete', isError: true } });
    });

    it.each([
      ['another method', rpc('resources/read')],
      ['a batch', [callOf('add')]],
      ['a call that expects no answer', { jsonrpc: '2.0', method: 'tools/call', params: { name: 'add' } }],
      ['a call whose id is none', callOf('add', null)],
      ['a call whose id is no id', callOf('add', {})],
    ])('does not speak of %s', async (_name, body) => {
      for (const tools of [closed, mixed]) {
        await start((to) => adapter({ scopes: ['base'], tools }, to));
        expect((await send(body, chatGpt)).status).toBe(401);
        expect((await send(body, { ...bearer('other'), ...chatGpt })).status).toBe(403);
        await served?.close();
      }
    });

    it('speaks to whom the application says', async () => {
      const speaksResults = (headers: Readonly<Record<string, unknown>>) => headers['x-results'] === 'yes';
      await start((to) =>
        adapter({ tools: closed, dialect: ({ headers }) => (speaksResults(headers) ? 'result' : 'http') }, to),
      );
      expect((await send(callOf('add'), chatGpt)).status).toBe(401);
      expect((await send(callOf('add'), { 'x-results': 'yes' })).status).toBe(200);
    });
  });

  describe('with a rule of the application', () => {
    it.each([{}, chatGpt])(
      'denies in a result without a challenge, since more scopes would not help: %j',
      async (agent) => {
        await startClosed();
        const answer = await send(callOf('rule'), { ...bearer('read'), ...agent });
        expect([answer.status, challengeOf(answer)]).toEqual([200, '']);
        expect(await answer.json()).toEqual({
          jsonrpc: '2.0',
          id: 7,
          result: { content: [{ type: 'text', text: 'This user may not use this tool.' }], isError: true },
        });
        expect(log.map(({ code }) => code)).toEqual(['access_denied']);
        expect((await send(callOf('rule'), bearer('read', 'admin'))).status).toBe(200);
      },
    );

    it('asks for scopes before it, and denies a batch in HTTP', async () => {
      await startClosed();
      expect((await send(callOf('rule'), bearer('admin'))).status).toBe(403);
      const batch = await send([callOf('anyone'), callOf('rule')], bearer('read'));
      expect([batch.status, challengeOf(batch), await batch.json()]).toMatchObject([
        403,
        '',
        { error: 'access_denied' },
      ]);
    });

    it('wants to know the user of a tool that needs no scopes', async () => {
      await startMixed();
      const answer = await send(callOf('mine'));
      expect([answer.status, scopeOf(answer)]).toEqual([401, 'base']);
      expect(await (await send(callOf('mine'), bearer())).json()).toMatchObject({ result: { isError: true } });
      expect((await send(callOf('mine'), bearer('admin'))).status).toBe(200);
    });

    it('opens nothing by a promise, by something like true, or by failing', async () => {
      const answers = { promise: () => Promise.resolve(true), one: () => 1, text: () => 'yes' };
      const failing = () => {
        throw new Error('the rule failed, and says a secret');
      };
      const securitySchemes = [{ type: 'oauth2' as const }];
      const tools = protectTools(
        Object.fromEntries(
          Object.entries({ ...answers, failing }).map(([name, allow]) => [
            name,
            { securitySchemes, allow: allow as unknown as () => boolean },
          ]),
        ),
      );
      await start((to) => adapter({ tools }, to));
      for (const name of Object.keys(answers)) {
        expect(await (await send(callOf(name), bearer())).json(), name).toMatchObject({ result: { isError: true } });
      }
      const failed = await send(callOf('failing'), bearer());
      expect([failed.status, await failed.text()]).toEqual([500, expect.not.stringContaining('secret') as unknown]);
    });
  });

  describe('reading a body', () => {
    it.each(['', '{', 'method=ping', '{"method":"ping"}x', new Uint8Array([0x22, 0xff, 0x22])])(
      'answers what is no JSON in the words of JSON-RPC: %j',
      async (body) => {
        await startMixed();
        for (const headers of [{}, bearer('base')]) {
          const answer = await fetch(`${served?.origin ?? ''}/mcp`, { method: 'POST', headers, body });
          expect([answer.status, await answer.json()]).toEqual([
            400,
            { jsonrpc: '2.0', id: null, error: { code: -32700, message: expect.any(String) as string } },
          ]);
        }
      },
    );

    it('takes 4 MB, and no more, declared or not', async () => {
      await startMixed();
      const bodyOf = (bytes: number) => {
        const message = JSON.stringify(callOf('ping'));
        return message + ' '.repeat(bytes - message.length);
      };
      const limit = 4 * 1024 * 1024;
      expect((await send(bodyOf(limit))).status).toBe(200);
      const declared = await send(bodyOf(limit + 1));
      expect([declared.status, await declared.json()]).toMatchObject([413, { error: { code: -32600 } }]);
      const chunks = new Blob([bodyOf(limit + 1)]).stream();
      const init = { method: 'POST', body: chunks, duplex: 'half' } as const;
      expect((await fetch(`${served?.origin ?? ''}/mcp`, init)).status).toBe(413);
    });

    it('takes batches of a hundred messages, and no more, however small they are', async () => {
      await startMixed();
      const batchOf = (length: number) => Array.from({ length }, () => rpc('ping'));
      expect((await send(batchOf(100))).status).toBe(200);
      for (const headers of [{}, bearer('base')]) {
        const answer = await send(batchOf(101), headers);
        expect([answer.status, await answer.json()]).toMatchObject([400, { id: null, error: { code: -32600 } }]);
      }
    });

    it('asks for the scopes of all messages of a batch', async () => {
      await startMixed();
      const batch = [callOf('add'), rpc('resources/read'), callOf('ping')];
      expect(scopeOf(await send(batch))).toBe('write base');
      const answer = await send(batch, bearer('write'));
      expect([answer.status, scopeOf(answer)]).toEqual([403, 'write base']);
      expect((await send(batch, bearer('write', 'base'))).status).toBe(200);
    });
  });

  it('answers a preflight', async () => {
    await startMixed();
    const answer = await send(undefined, { origin: 'https://x.example' }, 'OPTIONS');
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, '*']);
  });
});

describe('a body of which not all has to be known', () => {
  /** Sends a body that tells how often it was asked for more. */
  async function pulledBy(tools: ProtectedTools, headers: Record<string, string>) {
    let pulled = 0;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      pulled++;
      controller.enqueue(new Uint8Array(65_536).fill(0x20));
    };
    const body = new ReadableStream({ pull }, { highWaterMark: 0 });
    const guarded = makeGuards().withBearerAuth(() => new Response(), { scopes: ['base'], tools });
    const answer = await guarded(new Request(mcpUrl, { method: 'POST', headers, body, duplex: 'half' }));
    return { status: answer.status, pulled };
  }

  it('is not read: that of a bad token, and that of a stranger where every tool needs a token', async () => {
    expect(await pulledBy(mixed, { authorization: 'Bearer bad' })).toEqual({ status: 401, pulled: 0 });
    expect(await pulledBy(mixed, { authorization: 'Bearer bad', ...chatGpt })).toEqual({ status: 401, pulled: 0 });
    expect(await pulledBy(closed, {})).toEqual({ status: 401, pulled: 0 });
  });

  it('is read no further than it may be long, though it never ends', async () => {
    for (const headers of [{}, bearer('base')]) {
      const { status, pulled } = await pulledBy(mixed, headers);
      expect(status).toBe(413);
      expect(pulled).toBeLessThan(70);
    }
  });

  it('is read a little, that of a stranger who says to be ChatGPT, where every tool needs a token', async () => {
    const { status, pulled } = await pulledBy(closed, chatGpt);
    expect(status).toBe(401);
    expect(pulled).toBeLessThan(4);
  });
});

describe('the middleware and other parsers', () => {
  const gate = () => makeGuards().requireBearerAuth({ scopes: ['base'], tools: mixed });
  const tell = (request: ExpressRequest, response: ExpressResponse) =>
    void response.json({ body: request.body as unknown });

  it.each<[string, () => RequestListener]>([
    ['one of Express 5 before it', () => express().use(express.json(), gate(), tell)],
    ['one of Express 5 behind it', () => express().use(gate(), express.json(), tell)],
    ['one of Express 4 before it', () => express4().use(express4.json(), gate(), tell as never)],
    ['one of Express 4 behind it', () => express4().use(gate(), express4.json(), tell as never)],
    ['a gate of its kind behind it', () => express().use(gate(), gate(), tell)],
    ['another kind of gate before it', () => express().use(makeGuards().requireBearerAuth(), gate(), tell)],
    [
      'one that takes another type of content',
      () => express4().use(express4.json({ type: 'x/y' }), gate(), tell as never),
    ],
  ])('agree on what the body says: %s', async (_, listener) => {
    await start(listener);
    const good = bearer('base', 'write');
    const answer = await send(callOf('add'), good);
    expect([answer.status, await answer.json()]).toEqual([200, { body: callOf('add') }]);
    expect((await send(callOf('add'), bearer('base'))).status).toBe(403);
  });

  it.each([express.text({ type: '*/*' }), express.raw({ type: '*/*' })])(
    'reads what a parser has left as it came, and leaves it so',
    async (parser) => {
      await start(() => express().use(parser, gate(), tell));
      expect((await send(callOf('add'), bearer('base'))).status).toBe(403);
      expect((await send(callOf('add'), bearer('write'))).status).toBe(200);
      expect((await send('{', bearer('write'))).status).toBe(400);
    },
  );

  it('closes where somebody has read the body, and left nothing of it', async () => {
    await start(() =>
      express().use((request, _response, next) => void request.resume().once('end', () => next()), gate(), tell),
    );
    expect((await send(callOf('ping'))).status).toBe(400);
  });

  it('does not let an `auth` of somebody else stand where nobody is known', async () => {
    await start(() =>
      express().use(
        (request, _response, next) => {
          (request as { auth?: unknown }).auth = { token: 'of somebody else' };
          next();
        },
        gate(),
        (request: ExpressRequest, response: ExpressResponse) =>
          void response.json({ auth: (request as { auth?: unknown }).auth ?? 'nobody' }),
      ),
    );
    expect(await (await send(callOf('ping'))).json()).toEqual({ auth: 'nobody' });
  });
});

describe('declarations', () => {
  const faultsOf = (declaration: unknown, options: object = {}) => {
    try {
      protectTools({ tool: declaration as never }, options);
    } catch (error) {
      if (error instanceof ConfigurationError) return error.faults;
      throw error;
    }
    return [];
  };
  const oauth2 = (scopes: unknown) => ({ securitySchemes: [{ type: 'oauth2', scopes }] });

  it.each<[string, unknown]>([
    ['no securitySchemes', {}],
    ['no securitySchemes', { securitySchemes: [] }],
    ['no securitySchemes', { securitySchemes: { type: 'noauth' } }],
    ['a scheme of type "apiKey"', { securitySchemes: [{ type: 'apiKey' }] }],
    ['a scheme of type undefined', { securitySchemes: [{}] }],
    ['a scheme of type undefined', { securitySchemes: [null] }],
    ['scopes for noauth', { securitySchemes: [{ type: 'noauth', scopes: ['read'] }] }],
    ['a scheme with scope', { securitySchemes: [{ type: 'oauth2', scope: 'read' }] }],
    ['an empty list of scopes', oauth2([])],
    ['scopes that are no list', oauth2('read')],
    ['"read write" for a scope', oauth2(['read write'])],
    ['"" for a scope', oauth2([''])],
    ['7 for a scope', oauth2([7])],
    ['requiredScopes, which means nothing', { securitySchemes: [{ type: 'oauth2' }], requiredScopes: ['write'] }],
    ['an allow that is no function', { securitySchemes: [{ type: 'noauth' }], allow: true }],
  ])('are refused with %s', (said, declaration) => {
    expect(faultsOf(declaration)).toEqual([expect.stringContaining(`tool has ${said}`) as unknown]);
  });

  it('are refused with public methods that are none, or that would open all tools', () => {
    const good = { securitySchemes: [{ type: 'noauth' }] };
    for (const method of ['tools/call', '', 'resources/*', 'a b']) {
      expect(faultsOf(good, { publicMethods: [method] }), method).toHaveLength(1);
    }
    expect(faultsOf(good, { publicMethods: ['resources/list', 'custom'] })).toEqual([]);
    expect(faultsOf(good, { allow: () => true })).toEqual([expect.stringContaining('allow is no option') as unknown]);
  });

  it('are refused all at once, and by a gate whose resource lacks a scope', () => {
    expect(() => protectTools({ a: oauth2([]) as never, b: {} as never })).toThrow(/ a has [\s\S]* b has /);
    const tools = protectTools({ tool: oauth2(['unheard']) as never });
    const guards = makeGuards();
    expect(() => guards.requireBearerAuth({ tools })).toThrow('has no scope unheard');
    expect(() => guards.withBearerAuth(() => new Response(), { tools })).toThrow(ConfigurationError);
  });

  it('do not change with what they were made of', async () => {
    const scopes = ['write'];
    const tools = protectTools({ add: { securitySchemes: [{ type: 'oauth2', scopes }] } });
    scopes.length = 0;
    await start(() => express().use(makeGuards().requireBearerAuth({ tools })));
    expect((await send(callOf('add'), bearer('read'))).status).toBe(403);
  });
});
