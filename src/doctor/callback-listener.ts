import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where a native app waits for its user to come back (RFC 8252 §7.3). */
export interface CallbackListener {
  readonly redirectUri: string;
  /**
   * What the browser brings; undefined when nobody came in time, or nobody waits any more.
   *
   * @param state - of the request: anything else that comes here is not ours
   */
  readonly arrival: (
    state: string,
    wait: number,
    signal: AbortSignal | undefined,
  ) => Promise<URLSearchParams | undefined>;
  readonly close: () => Promise<void>;
}

/** Waits on a port of this computer, which nobody else can reach. */
export async function listenForCallback(): Promise<CallbackListener> {
  const arrivals = new EventTarget();
  const seen = new Map<string, URLSearchParams>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const isCallback = pathname === '/callback' && request.method === 'GET';
    response.writeHead(isCallback ? 200 : 404, {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      connection: 'close',
    });
    response.end(isCallback ? 'The doctor has seen you. You can close this window.' : 'There is nothing here.');
    if (!isCallback || seen.size >= 10) return;
    seen.set(searchParams.get('state') ?? '', searchParams);
    arrivals.dispatchEvent(new Event('arrival'));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    redirectUri: `http://127.0.0.1:${port}/callback`,
    arrival: (state, wait, signal) =>
      new Promise((resolve) => {
        const finish = () => {
          clearTimeout(deadline);
          resolve(seen.get(state) ?? seen.get(''));
        };
        const deadline = setTimeout(finish, wait * 1000);
        signal?.addEventListener('abort', finish, { once: true });
        arrivals.addEventListener('arrival', () => {
          // An answer without our state is judged too, when it comes alone: a server that drops it is a finding.
          if (seen.has(state) || seen.has('')) finish();
        });
        if (seen.has(state) || signal?.aborted) finish();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
