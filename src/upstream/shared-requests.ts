import type { CustomFetch } from 'openid-client';

/** A conversation with one POST in it. */
export interface SingleExchange {
  readonly fetch: CustomFetch;
  isSent(): boolean;
  /** Whether the keys that were asked for did not come. */
  lacksKeys(): boolean;
  /** The ID token in the answer, unverified. */
  idToken(): Promise<string | undefined>;
  /** Takes the ID token out of the answer for whoever repeats the exchange; false when there is none. */
  leaveOutIdToken(): Promise<boolean>;
}

/** Sends the one POST of an exchange once, and gives its answer again to whoever repeats it. */
export function sendingOnce(fetch: CustomFetch): SingleExchange {
  let answer: Promise<Response> | undefined;
  let keysAreMissing = false;

  async function readKeys(...request: Parameters<CustomFetch>): Promise<Response> {
    keysAreMissing = true;
    const response = await fetch(...request);
    keysAreMissing = !response.ok || !/json/i.test(response.headers.get('content-type') ?? '');
    return response;
  }

  const exchange: SingleExchange = {
    async fetch(url, options) {
      if (options.method !== 'POST') return readKeys(url, options);
      answer ??= fetch(url, options);
      return (await answer).clone();
    },
    isSent: () => answer !== undefined,
    lacksKeys: () => keysAreMissing,
    async idToken() {
      try {
        const body = (await (await answer)?.clone().json()) as { id_token?: unknown } | undefined;
        return typeof body?.id_token === 'string' ? body.id_token : undefined;
      } catch {
        return undefined;
      }
    },
    async leaveOutIdToken() {
      const response = await answer;
      if (!response || (await exchange.idToken()) === undefined) return false;
      const body = (await response.clone().json()) as object;
      answer = Promise.resolve(Response.json({ ...body, id_token: undefined }, { status: response.status }));
      return true;
    },
  };
  return exchange;
}

/** Lets sign-ins that need the provider's keys at the same time wait for the same request. */
export function sharingReads(fetch: CustomFetch): CustomFetch {
  const running = new Map<string, Promise<Response>>();
  return async (url, options) => {
    // What is read with somebody's token is for nobody else.
    if (options.method !== 'GET' || 'authorization' in options.headers) return fetch(url, options);
    const answer = running.get(url) ?? fetch(url, options).finally(() => running.delete(url));
    running.set(url, answer);
    return (await answer).clone();
  };
}
