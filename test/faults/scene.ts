import { memoryStore, type OAuthAuthorizationServerOptions } from 'mcp-gatehouse';
import { expect } from 'vitest';
import { authorizationUrl, pkce, redeem, register, type RawClient } from '../support/client.js';
import { startGatehouse } from '../support/gatehouse.js';
import { signInAtUpstream } from '../support/upstream-provider.js';
import { faultyStore, storeCanary } from './faulty-store.js';

/** A gatehouse on a store that can be told to fail, and the steps of a journey as raw requests. */
export async function faultScene(options: Partial<OAuthAuthorizationServerOptions> = {}) {
  let offset = 0;
  const clock = () => Date.now() / 1000 + offset;
  const inner = memoryStore({ clock });
  const store = faultyStore(inner);
  const gatehouse = await startGatehouse({ store, clock, ...options });
  const { issuer } = gatehouse;

  const newBrowser = (client: RawClient) => {
    const cookies = new Map<string, string>();
    const { verifier, challenge } = pkce();

    async function request(url: URL | string, init: RequestInit = {}): Promise<Response> {
      const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
      const headers = { accept: 'text/html', ...(cookie && { cookie }) };
      const response = await fetch(url, { ...init, headers, redirect: 'manual' });
      for (const each of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
        if (each.includes('Max-Age=0')) cookies.delete(name);
        else cookies.set(name, value);
      }
      return response;
    }

    const browser = {
      verifier,
      ask: () => request(authorizationUrl(issuer, client, challenge)),
      /** Presses a button of a page. */
      answer(page: string, decision: string) {
        const [, transaction = ''] = /name="transaction" value="([^"]*)"/.exec(page) ?? [];
        return request(`${issuer}/oauth/consent`, {
          method: 'POST',
          body: new URLSearchParams({ transaction, decision }),
        });
      },
      /** Comes back from the provider. */
      return: (callback: URL) => request(callback),
      /** Goes up to the moment at which the provider sends the browser back. */
      async untilCallback(): Promise<URL> {
        const page = await (await browser.ask()).text();
        const handOff = await browser.answer(page, 'approve');
        return signInAtUpstream(locationOf(handOff));
      },
      /** Goes all the way, and answers the code. */
      async untilCode(): Promise<string> {
        return codeOf(await browser.return(await browser.untilCallback()));
      },
    };
    return browser;
  };

  return {
    gatehouse,
    issuer,
    store,
    inner,
    newBrowser,
    advance: (seconds: number) => (offset += seconds),
    /** A client, and a code that was issued to it. */
    async codeScene() {
      const client = await register(issuer);
      const browser = newBrowser(client);
      const code = await browser.untilCode();
      const { verifier } = browser;
      return { client, code, verifier, redeem: () => redeem(issuer, client, code, verifier) };
    },
    async close() {
      store.heal();
      await gatehouse.close();
      // Whatever happened, the log tells nothing that a store's driver said.
      expect(JSON.stringify(gatehouse.log)).not.toContain(storeCanary);
    },
  };
}

export function locationOf(response: Response): URL {
  const location = response.headers.get('location');
  if (location === null) throw new Error(`It is no redirect: ${response.status}`);
  return new URL(location);
}

export function codeOf(response: Response): string {
  const code = locationOf(response).searchParams.get('code');
  if (code === null) throw new Error(`There is no code in ${locationOf(response).search}`);
  return code;
}

/** Expects a page that asks to try again, and tells nothing of what happened. */
export async function expectUnavailablePage(response: Response): Promise<void> {
  expect(response.status).toBe(503);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(response.headers.get('content-type')).toMatch(/^text\/html/);
  expect(response.headers.get('location')).toBeNull();
  const page = await response.text();
  expect(page).not.toContain(storeCanary);
  expect(page).not.toMatch(/ECONNREFUSED|node_modules|\.ts:\d/);
}

/** Expects the client to be told, through the browser, to try again. */
export function expectUnavailableRedirect(response: Response, client: RawClient, issuer: string): void {
  expect(response.status).toBe(303);
  const location = locationOf(response);
  expect(location.origin + location.pathname).toBe(client.redirectUri);
  expect(Object.fromEntries(location.searchParams)).toEqual({
    error: 'temporarily_unavailable',
    error_description: expect.any(String) as string,
    state: 'client-state',
    iss: issuer,
  });
  expect(location.href).not.toContain(storeCanary);
}

/** Expects an answer that asks to try again, in JSON. */
export function expectUnavailable(answer: {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}): void {
  expect(answer.body).toEqual({ error: 'temporarily_unavailable', error_description: expect.any(String) as string });
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(JSON.stringify(answer.body)).not.toContain(storeCanary);
}
