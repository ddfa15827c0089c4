import { describe, expect, it } from 'vitest';
import { createAsk } from '../../src/upstream/ask.js';
import type { UpstreamProvider } from '../../src/upstream/provider.js';

const provider: UpstreamProvider = {
  id: 'x',
  name: 'X',
  issuer: 'https://idp.example',
  clientId: 'id',
  clientSecret: 'secret',
  scopes: [],
  headers: { Accept: 'application/vnd.x+json', Authorization: 'none' },
};

interface Page {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

function asking(pages: Readonly<Record<string, Page>>, asked: { url: string; headers: object }[] = []) {
  return createAsk({
    provider,
    addresses: ['https://idp.example/login', 'https://api.idp.example/me'],
    accessToken: 'token-canary',
    fetch: (url, { headers }) => {
      asked.push({ url, headers });
      const { status = 200, headers: sent = {}, body } = pages[url] ?? { status: 404 };
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return Promise.resolve(new Response(text, { status, headers: sent }));
    },
  });
}

const list = 'https://api.idp.example/list';
const next = (url: string) => ({ link: `<${list}>; rel="prev", <${url}>; rel="next"` });

describe('a question to a provider', () => {
  it("carries the token, and the provider's headers", async () => {
    const asked: { url: string; headers: object }[] = [];
    const ask = asking({ [list]: { body: { a: 1 } } }, asked);
    expect(await ask(list, { headers: { 'X-More': '1' } })).toEqual({ a: 1 });
    expect(asked).toEqual([
      {
        url: list,
        headers: { accept: 'application/vnd.x+json', 'x-more': '1', authorization: 'Bearer token-canary' },
      },
    ]);
  });

  it.each(['https://evil.example/', 'http://api.idp.example/me', 'https://api.idp.example:444/', 'no address'])(
    'does not go to %s',
    async (url) => {
      const asked: { url: string; headers: object }[] = [];
      await expect(asking({}, asked)(url, { optional: true })).rejects.toMatchObject({ code: 'server_error' });
      expect(asked).toEqual([]);
    },
  );

  it.each<[Page, string, boolean]>([
    [{ status: 401, body: {} }, 'server_error', true],
    [{ status: 403, body: {} }, 'server_error', true],
    [{ status: 404, body: {} }, 'server_error', true],
    [{ body: { ok: false, error: 'canary' } }, 'server_error', true],
    [{ status: 302, headers: { location: 'https://evil.example' } }, 'server_error', false],
    [{ status: 400, body: {} }, 'server_error', false],
    [{ status: 403, headers: { 'x-ratelimit-remaining': '0' }, body: {} }, 'temporarily_unavailable', false],
    [{ status: 403, headers: { 'retry-after': '60' }, body: {} }, 'temporarily_unavailable', false],
    [
      { status: 403, body: { message: 'You have exceeded a secondary rate limit. Please wait.' } },
      'temporarily_unavailable',
      false,
    ],
    [{ status: 429, body: {} }, 'temporarily_unavailable', false],
    [{ status: 502, body: {} }, 'temporarily_unavailable', false],
    [{ body: '<h1>x</h1>' }, 'temporarily_unavailable', false],
  ])('answered by %j is %s; that it is optional helps: %s', async (page, code, helps) => {
    const fault: unknown = await asking({ [list]: page })(list).catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({ code });
    expect(String((fault as Error).cause)).not.toContain('canary');
    const again = asking({ [list]: page })(list, { optional: true });
    if (helps) expect(await again).toBeUndefined();
    else await expect(again).rejects.toMatchObject({ code });
  });

  it('reads as many pages as it may', async () => {
    const pages = {
      [list]: { body: [1], headers: next(`${list}?page=2`) },
      [`${list}?page=2`]: { body: [2], headers: next('/list?page=3') },
      [`${list}?page=3`]: { body: [3] },
    };
    expect(await asking(pages)(list)).toEqual([1]);
    expect(await asking(pages)(list, { pages: 2 })).toEqual([1, 2]);
    expect(await asking(pages)(list, { pages: 9 })).toEqual([1, 2, 3]);
  });

  it('does not follow pages to another host', async () => {
    const pages = { [list]: { body: [1], headers: next('https://evil.example/list') } };
    await expect(asking(pages)(list, { pages: 2 })).rejects.toMatchObject({ code: 'server_error' });
  });

  it('takes some pages of a list for no list', async () => {
    const pages = {
      [list]: { body: [1], headers: next(`${list}?page=2`) },
      [`${list}?page=2`]: { status: 403, body: {} },
    };
    expect(await asking(pages)(list, { pages: 2, optional: true })).toBeUndefined();
    await expect(asking(pages)(list, { pages: 2 })).rejects.toMatchObject({ code: 'server_error' });
  });
});
