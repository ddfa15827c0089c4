import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  authorizationUrl,
  callResource,
  pkce,
  postForm,
  refresh,
  register,
  revoke,
  signIn,
} from '../support/client.js';
import type { Gatehouse } from '../support/gatehouse.js';
import type { Chance } from '../support/seeded.js';

/** How often each kind of thing was done. */
export type Done = Map<string, number>;

/** What a server meets in a day, at random: users, clients that err, strangers that try. */
export function soakTraffic({ issuer, mcpUrl }: Gatehouse, documentUrl: (name: string) => string) {
  const known: Awaited<ReturnType<typeof signIn>>[] = [];
  const done: Done = new Map();

  const kinds: Readonly<Record<string, (chance: Chance) => Promise<unknown>>> = {
    registration: () => register(issuer, { client_name: `Client ${randomBytes(6).toString('hex')}` }),
    async 'consent page'() {
      await fetch(authorizationUrl(issuer, await register(issuer), pkce().challenge));
    },
    async 'sign-in'(chance) {
      const signedIn = await signIn(issuer, `user${chance.between(1, 500)}`);
      if (known.push(signedIn) > 200) known.shift();
    },
    async refresh(chance) {
      const grant = known[chance.between(0, known.length - 1)];
      if (!grant) return;
      const { body } = await refresh(issuer, grant.client, grant.refreshToken);
      grant.refreshToken = String(body['refresh_token']);
      grant.accessToken = String(body['access_token']);
    },
    async call(chance) {
      const grant = known[chance.between(0, known.length - 1)];
      await (await callResource(mcpUrl, grant?.accessToken)).text();
    },
    async 'unknown token'(chance) {
      const token = chance.pick([
        randomBytes(32).toString('base64url'),
        'a.b.c',
        `rt.x.${randomBytes(16).toString('hex')}.1.x`,
      ]);
      await (await callResource(mcpUrl, token)).text();
      await refresh(issuer, { clientId: token, redirectUri: '' }, token);
    },
    async 'bad input'(chance) {
      const name = chance.pick(['grant_type', 'code', 'client_id', '__proto__', 'refresh_token']);
      await postForm(`${issuer}/oauth/token`, { [name]: randomBytes(chance.between(0, 3000)).toString('base64') });
    },
    async 'metadata document'(chance) {
      const client = {
        clientId: documentUrl(`client${chance.between(1, 5000)}`),
        redirectUri: 'http://127.0.0.1:8910/callback',
      };
      await (await fetch(authorizationUrl(issuer, client, pkce().challenge))).text();
    },
    async revocation() {
      const grant = known.shift();
      if (grant) await revoke(issuer, grant.client, grant.refreshToken);
    },
  };
  /** Most of what comes needs no user. */
  const weights = Object.keys(kinds).flatMap((name) =>
    Array<string>(name === 'refresh' || name === 'call' ? 4 : 1).fill(name),
  );

  return {
    done,
    /** Does things, a few at a time, until it is told that it is over. */
    async run(chance: Chance, isOver: () => boolean, callers = 8): Promise<void> {
      const caller = async (own: Chance) => {
        while (!isOver()) {
          const name = own.pick(weights);
          await kinds[name]?.(own);
          done.set(name, (done.get(name) ?? 0) + 1);
          await pause(0);
        }
      };
      await Promise.all(Array.from({ length: callers }, () => caller(chance.fork())));
    },
  };
}
