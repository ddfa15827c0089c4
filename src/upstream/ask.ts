import type { CustomFetch } from 'openid-client';
import { AnswerFault, upstreamFault } from './fault.js';
import type { AskOptions, IdentityEvidence, UpstreamProvider } from './provider.js';

/** Who is asked, and in whose name. */
export interface Asking {
  readonly provider: UpstreamProvider;
  /** The addresses whose origins may be shown the token. */
  readonly addresses: readonly string[];
  readonly accessToken: string;
  readonly fetch: CustomFetch;
}

/** Makes the question that a provider's `identify` can ask. */
export function createAsk({ provider, addresses, accessToken, fetch }: Asking): IdentityEvidence['ask'] {
  const origins = new Set(addresses.map((address) => new URL(address).origin));

  async function read(url: URL, { headers, body, optional = false }: AskOptions): Promise<Answer> {
    if (!origins.has(url.origin)) throw new AnswerFault('FOREIGN_ORIGIN');
    const response = await fetch(url.href, {
      method: body ? 'POST' : 'GET',
      body: body ? JSON.stringify(body) : null,
      redirect: 'manual',
      headers: {
        accept: 'application/json',
        ...inLowerCase(provider.headers),
        ...inLowerCase(headers),
        ...(body && { 'content-type': 'application/json' }),
        authorization: `Bearer ${accessToken}`,
      },
    });
    const { status } = response;
    const text = await response.text();
    if (isRateLimited(response, text)) throw new AnswerFault('RATE_LIMITED', status);
    if (optional && (status === 401 || status === 403 || status === 404)) return { value: undefined, next: undefined };
    if (!response.ok) throw new AnswerFault('REFUSED', status);
    const value = parse(text, status);
    if (isRefusal(value)) {
      if (optional) return { value: undefined, next: undefined };
      throw new AnswerFault('REFUSED', status);
    }
    return { value, next: nextPage(response.headers.get('link') ?? '', url) };
  }

  async function readPages(start: URL, options: AskOptions): Promise<unknown> {
    const { value, next } = await read(start, options);
    if (!Array.isArray(value)) return value;
    const list: unknown[] = [...(value as unknown[])];
    let following = next;
    for (let page = 1; following !== undefined && page < (options.pages ?? 1); page += 1) {
      const answer = await read(following, options);
      // Some pages of a list are not the list.
      if (!Array.isArray(answer.value)) return undefined;
      list.push(...(answer.value as unknown[]));
      following = answer.next;
    }
    return list;
  }

  return async (url, options = {}) => {
    try {
      return await readPages(new URL(url), options);
    } catch (thrown) {
      throw upstreamFault(provider.id, 'identity', thrown);
    }
  };
}

interface Answer {
  readonly value: unknown;
  readonly next: URL | undefined;
}

function parse(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AnswerFault('NOT_JSON', status);
  }
}

/** GitHub has a second limit, which it tells by 403 and a header, or by words only: that is no word about the user. */
function isRateLimited({ ok, status, headers }: Response, text: string): boolean {
  if (ok) return false;
  if (status === 429 || headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0') return true;
  return status === 403 && /\brate limit\b/i.test(text);
}

/** Slack's way to refuse with status 200. */
function isRefusal(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'ok' in value && value.ok === false;
}

/** The next page of a list (RFC 8288 §3). */
function nextPage(link: string, current: URL): URL | undefined {
  const target = /<([^<>]*)>(?:;[^,<>]*)?;\s*rel="?next"?/i.exec(link)?.[1];
  return target !== undefined && URL.canParse(target, current.href) ? new URL(target, current) : undefined;
}

function inLowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
