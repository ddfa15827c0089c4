import fc from 'fast-check';
import { protectTools, type Dialect, type SecurityScheme } from 'mcp-gatehouse';
import { describe, expect, it } from 'vitest';
import { bearer, callOf, chatGpt, makeGuards, mcpUrl, rpc } from './tool-scene.js';

const scope = fc.constantFrom('read', 'write', 'admin', 'other', 'base');
const scopes = fc.uniqueArray(scope, { minLength: 1, maxLength: 3 });

const scheme: fc.Arbitrary<SecurityScheme> = fc.oneof(
  fc.constant({ type: 'noauth' as const }),
  fc.constant({ type: 'oauth2' as const }),
  scopes.map((list) => ({ type: 'oauth2' as const, scopes: list })),
);
/** `allow` is for nobody, for everybody or for the administrator. */
const declaration = fc.record({
  securitySchemes: fc.array(scheme, { minLength: 1, maxLength: 3 }),
  allow: fc.constantFrom('unset' as const, 'nobody' as const, 'everybody' as const, 'admin' as const),
});
const names = ['one', 'two', 'three'];
const server = fc.record({
  tools: fc.dictionary(fc.constantFrom(...names), declaration, { maxKeys: 3 }),
  base: fc.uniqueArray(scope, { maxLength: 2 }),
  publicMethods: fc.subarray(['resources/list', 'prompts/list']),
});

const message = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...names, 'undeclared', 'constructor').map((name) => callOf(name)) },
  fc
    .constantFrom('initialize', 'ping', 'tools/list', 'server/discover', 'notifications/x', 'resources/list', 'x/y')
    .map((method) => rpc(method)),
  fc.constant({ jsonrpc: '2.0', id: 1, result: {} }),
  fc.constantFrom(null, 7, 'tools/call', {}),
);
const request = fc.record({
  method: fc.constantFrom('POST', 'POST', 'POST', 'POST', 'GET', 'DELETE'),
  body: fc.oneof({ weight: 3, arbitrary: message }, fc.array(message, { maxLength: 3 })),
  /** The scopes of its token; none at all, or one that is worth nothing. */
  token: fc.oneof(
    fc.constant('none' as const),
    fc.constant('bad' as const),
    fc.uniqueArray(fc.oneof(scope, fc.constant('all')), { maxLength: 4 }),
  ),
});

type Declaration = typeof declaration extends fc.Arbitrary<infer T> ? T : never;
type Server = typeof server extends fc.Arbitrary<infer T> ? T : never;
type Sent = typeof request extends fc.Arbitrary<infer T> ? T : never;

const rules = {
  unset: undefined,
  nobody: () => false,
  everybody: () => true,
  admin: ({ extra }: { extra: { sub: string } }) => extra.sub === 'admin',
};

/** What may pass, said once more and in another way. */
function mayPass({ tools, base, publicMethods }: Server, { method, body, token }: Sent): boolean {
  if (token === 'bad') return false;
  const granted =
    token === 'none' ? undefined : new Set([...token, ...(token.includes('all') ? ['read', 'write'] : [])]);
  const hasBase = granted !== undefined && base.every((each) => granted.has(each));
  const isMixed =
    publicMethods.length > 0 ||
    Object.values(tools).some(({ securitySchemes }) => securitySchemes.some(({ type }) => type === 'noauth'));
  if (method !== 'POST') return hasBase;

  const mayCall = ({ securitySchemes, allow }: Declaration): boolean => {
    if (granted === undefined) return allow === 'unset' && securitySchemes.some(({ type }) => type === 'noauth');
    const fits = securitySchemes.some(
      (each) => each.type === 'noauth' || (each.scopes ?? []).every((wanted) => granted.has(wanted)),
    );
    return fits && (allow === 'unset' || allow === 'everybody' || (allow === 'admin' && granted.has('admin')));
  };
  const mayDo = (each: unknown): boolean => {
    const { method: asked = '', params } = (each ?? {}) as { method?: string; params?: { name?: string } };
    const tool =
      asked === 'tools/call' && Object.keys(tools).includes(String(params?.name)) && tools[String(params?.name)];
    if (tool) return mayCall(tool);
    const open = ['initialize', 'ping', 'tools/list', 'server/discover', 'notifications/x', ...publicMethods];
    return hasBase || (isMixed && open.includes(asked));
  };
  if (!Array.isArray(body)) return mayDo(body);
  return body.length === 0 ? hasBase : body.every(mayDo);
}

/** Sends a request, in one dialect or to a gate that chooses by the agent; tells whether it reached the handler. */
async function passes({ tools, base, publicMethods }: Server, sent: Sent, dialect: Dialect | undefined, agent: object) {
  const declared = protectTools(
    Object.fromEntries(
      Object.entries(tools).map(([name, { allow, ...rest }]) => [name, { ...rest, allow: rules[allow] }]),
    ),
    { publicMethods },
  );
  let reached = false;
  const guarded = makeGuards().withBearerAuth(
    () => {
      reached = true;
      return new Response('reached');
    },
    { scopes: base, tools: declared, ...(dialect && { dialect: () => dialect }) },
  );
  const { token, method, body } = sent;
  const authorization = token === 'none' ? {} : token === 'bad' ? { authorization: 'Bearer bad' } : bearer(...token);
  const answer = await guarded(
    new Request(mcpUrl, {
      method,
      headers: { ...authorization, ...agent } as Record<string, string>,
      ...(method === 'POST' && { body: JSON.stringify(body) }),
    }),
  );
  return { reached, answer };
}

describe('a gate for tools', () => {
  it('decides as the model does, for every client alike', async () => {
    let allowed = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(server, request, async (declared, sent) => {
        const expected = mayPass(declared, sent);
        if (expected) allowed++;
        else refused++;
        for (const dialect of ['http', 'result', undefined] as const) {
          for (const agent of [{}, chatGpt, { 'user-agent': 'claude-code/2.1' }]) {
            const { reached, answer } = await passes(declared, sent, dialect, agent);
            expect(reached, `${dialect ?? 'by agent'}: ${answer.status}`).toBe(expected);
            if (!reached) await expectRefusal(answer, dialect === 'result' || (!dialect && agent === chatGpt), sent);
          }
        }
      }),
      { seed: 20_261_121, numRuns: 400 },
    );
    // The model is of use only where it says both.
    expect(Math.min(allowed, refused)).toBeGreaterThan(60);
  }, 60_000);
});

/** A refusal is one of the forms that clients know, and a bad token is always one of HTTP. */
async function expectRefusal(answer: Response, speaksResults: boolean, { token, method, body }: Sent): Promise<void> {
  const challenge = answer.headers.get('www-authenticate') ?? '';
  if (token === 'bad') {
    expect([answer.status, challenge]).toEqual([401, expect.stringContaining('error="invalid_token"') as unknown]);
    return;
  }
  if (answer.status === 200) {
    const { result } = (await answer.json()) as { result: { isError: boolean; _meta?: object } };
    expect(result.isError).toBe(true);
    expect(body).toMatchObject({ method: 'tools/call' });
    if (!speaksResults) expect(result._meta).toBeUndefined();
    return;
  }
  if (answer.status === 405) expect(method).not.toBe('POST');
  else if (answer.status === 401)
    expect([token, challenge]).toEqual(['none', expect.not.stringContaining('error=') as unknown]);
  else if (challenge === '') expect([answer.status, Array.isArray(body)]).toEqual([403, true]);
  else expect([answer.status, challenge]).toEqual([403, expect.stringContaining('insufficient_scope') as unknown]);
}
