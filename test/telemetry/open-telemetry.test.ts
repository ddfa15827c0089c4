import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { callResource, postForm, redeem, refresh, register, signIn } from '../support/client.js';
import { startGatehouse, type Gatehouse, type GatehouseSettings } from '../support/gatehouse.js';
import { collectTelemetry, type Series } from '../support/telemetry.js';

const measured = collectTelemetry();
let gatehouse: Gatehouse;
const start = async (settings: GatehouseSettings = {}) => {
  measured.reset();
  gatehouse = await startGatehouse(settings);
};
afterEach(() => gatehouse.close());

/** How often a metric has grown since, by its attributes. */
async function counted(name: string, before: readonly Series[] = []) {
  const keyOf = ({ attributes }: Series) => JSON.stringify(Object.entries(attributes).sort());
  const earlier = new Map(before.filter((each) => each.name === name).map((each) => [keyOf(each), each.count]));
  const now = (await measured.metrics()).filter((each) => each.name === name);
  return now
    .map((each) => ({ ...each.attributes, count: each.count - (earlier.get(keyOf(each)) ?? 0) }))
    .filter(({ count }) => count > 0);
}
const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';
const spanOf = (name: string) => measured.spans().find((span) => span.name === name);

describe('metrics', () => {
  it('tell of a journey: requests with their errors, events, tokens, the provider and the store', async () => {
    const before = await measured.metrics();
    await start();
    const { client, accessToken, refreshToken, code, verifier } = await signIn(gatehouse.issuer);
    await callResource(gatehouse.mcpUrl, accessToken);
    await callResource(gatehouse.mcpUrl, `${accessToken}x`);
    await refresh(gatehouse.issuer, client, refreshToken);
    await redeem(gatehouse.issuer, client, code, verifier);
    await callResource(gatehouse.mcpUrl, accessToken);

    const token = { 'http.request.method': 'POST', 'http.route': '/oauth/token' };
    const requests = await counted('mcp_gatehouse.request.duration', before);
    expect(requests).toContainEqual({ ...token, 'http.response.status_code': 200, count: 2 });
    expect(requests).toContainEqual({
      ...token,
      'http.response.status_code': 400,
      'error.type': 'invalid_grant',
      count: 1,
    });
    expect(await counted('mcp_gatehouse.access_token.verifications', before)).toEqual(
      expect.arrayContaining([
        { count: 1 },
        { 'error.type': 'invalid_token', 'mcp_gatehouse.reason': 'bad signature or claims', count: 1 },
        { 'error.type': 'invalid_token', 'mcp_gatehouse.reason': 'grant ended', count: 1 },
      ]),
    );
    const events = await counted('mcp_gatehouse.audit.events', before);
    const replayed = { 'mcp_gatehouse.audit.event': 'code.replayed', 'mcp_gatehouse.audit.outcome': 'failure' };
    expect(events).toContainEqual({ ...replayed, count: 1 });
    const complete = { 'mcp_gatehouse.provider.id': 'oidc', 'mcp_gatehouse.provider.operation': 'complete' };
    expect(await counted('mcp_gatehouse.provider.duration', before)).toContainEqual({ ...complete, count: 1 });
    const verbs = (await counted('mcp_gatehouse.store.duration', before)).map(
      (each) => (each as Record<string, unknown>)['db.operation.name'],
    );
    expect(verbs).toEqual(expect.arrayContaining(['get', 'set', 'delete']));
    const durations = (await measured.metrics()).filter(({ name }) => name.endsWith('.duration'));
    expect(new Set(durations.map(({ unit }) => unit))).toEqual(new Set(['s']));
    expect(durations.every(({ sum = -1, count }) => sum >= 0 && sum < count * 30)).toBe(true);
  });

  it('stay few, however many clients, paths and methods strangers make up', async () => {
    await start();
    await register(gatehouse.issuer);
    const size = async () => (await measured.metrics()).length;
    const wild = async (index: number) => {
      await register(gatehouse.issuer, { client_name: `Client ${index}` });
      await fetch(`${gatehouse.issuer}/.well-known/made-up-${index}`);
      await postForm(`${gatehouse.issuer}/oauth/token`, { grant_type: `type-${index}`, client_id: `id-${index}` });
      await callResource(`${gatehouse.mcpUrl}?made-up=${index}`, `token-${index}`);
    };
    await wild(0);
    const before = await size();
    for (let index = 1; index <= 40; index++) await wild(index);
    expect(await size()).toBe(before);
    expect(JSON.stringify(await measured.metrics())).not.toMatch(/made-up|id-\d|type-\d|Client \d/);
  });

  it('and traces are silent where they are turned off', async () => {
    const before = await measured.metrics();
    await start({ telemetry: false });
    await signIn(gatehouse.issuer);
    const names = ['request.duration', 'audit.events', 'provider.duration', 'store.duration'];
    for (const name of names) expect(await counted(`mcp_gatehouse.${name}`, before)).toEqual([]);
    expect(measured.spans()).toEqual([]);
  });
});

describe('a span', () => {
  it('of a request continues the trace of its caller, and has that of the provider below it', async () => {
    await start();
    const headers = { traceparent: `00-${traceId}-${parentId}-01` };
    await fetch(`${gatehouse.issuer}/oauth/jwks`, { headers });
    expect(spanOf('GET /oauth/jwks')).toMatchObject({ kind: SpanKind.SERVER, traceId, parentSpanId: parentId });
    await signIn(gatehouse.issuer);
    const callback = spanOf('GET /oauth/callback');
    const provider = spanOf('complete oidc');
    expect(provider).toMatchObject({
      kind: SpanKind.CLIENT,
      parentSpanId: callback?.spanId,
      traceId: callback?.traceId,
    });
    expect(callback?.attributes).toEqual({
      'http.request.method': 'GET',
      'http.route': '/oauth/callback',
      'http.response.status_code': 303,
    });
  });

  it('is a child of the one that is active, as of an instrumentation of HTTP', async () => {
    await start();
    const outer = trace.getTracer('test').startSpan('outer', {}, ROOT_CONTEXT);
    const { gate, issuer } = gatehouse;
    await context.with(trace.setSpan(ROOT_CONTEXT, outer), () => gate.fetch(new Request(`${issuer}/oauth/jwks`)));
    outer.end();
    expect(spanOf('GET /oauth/jwks')).toMatchObject({
      kind: SpanKind.INTERNAL,
      parentSpanId: outer.spanContext().spanId,
    });
  });

  it('is an error where the fault is not the caller’s', async () => {
    await start();
    gatehouse.upstream.misbehave('token', { reply: { status: 503, body: 'down' } });
    await signIn(gatehouse.issuer).catch(() => undefined);
    expect(spanOf('complete oidc')).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { 'error.type': 'temporarily_unavailable' },
    });
    await postForm(`${gatehouse.issuer}/oauth/token`, {});
    expect(spanOf('POST /oauth/token')).toMatchObject({
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'error.type': 'invalid_request' },
    });
  });
});
