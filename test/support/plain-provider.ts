import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen, stop } from './upstream-provider.js';

/** A provider without pages: whoever comes is signed in as somebody new. Its access tokens live for two seconds. */
export interface PlainProvider {
  readonly origin: string;
  /** What it saw that must not be: a refresh token that was spent long ago, two refreshes of one family at a time. */
  readonly complaints: string[];
  /** How often it was asked for new tokens. */
  refreshes(): number;
  stop(): Promise<void>;
}

interface Family {
  generation: number;
  busy: boolean;
}

/**
 * Starts one that rotates its refresh tokens, and takes the last one again, as providers do that forgive lost answers;
 * so that a process that is killed with the new one in its hand loses nothing.
 */
export async function startPlainProvider(): Promise<PlainProvider> {
  const families = new Map<string, Family>();
  const complaints: string[] = [];
  let refreshes = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url ?? '/', 'http://provider');
    const json = (status: number, document: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    if (url.pathname === '/authorize') {
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      const user = `user${families.size}`;
      families.set(user, { generation: 0, busy: false });
      back.searchParams.set('code', user);
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
    } else if (url.pathname === '/me') {
      const [, user = ''] = /^Bearer access-(\w+)-\d+$/.exec(request.headers.authorization ?? '') ?? [];
      json(families.has(user) ? 200 : 401, { sub: user });
    } else if (url.pathname === '/token') {
      const form = new URLSearchParams(await text(request));
      const [, user = form.get('code') ?? '', spent = ''] =
        /^refresh-(\w+)-(\d+)$/.exec(form.get('refresh_token') ?? '') ?? [];
      const family = families.get(user);
      if (!family) return json(400, { error: 'invalid_grant' });
      if (spent !== '') {
        refreshes += 1;
        if (family.busy) complaints.push(`Two refreshes at a time of ${user}.`);
        family.busy = true;
        await new Promise((resolve) => setTimeout(resolve, 15));
        family.busy = false;
        if (Number(spent) < family.generation - 1) {
          complaints.push(`Refresh token ${spent} of ${user} came when it had ${family.generation}.`);
          return json(400, { error: 'invalid_grant' });
        }
        // The successor of the last one is given again.
        family.generation = Number(spent) + 1;
      }
      const name = `${user}-${family.generation}`;
      json(200, {
        access_token: `access-${name}`,
        refresh_token: `refresh-${name}`,
        token_type: 'Bearer',
        expires_in: 2,
      });
    } else json(404, {});
    return undefined;
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const origin = `http://127.0.0.1:${await listen(server, 0)}`;
  return { origin, complaints, refreshes: () => refreshes, stop: () => stop(server) };
}
