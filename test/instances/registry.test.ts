import { OAuthAuthorizationServer } from 'mcp-gatehouse';
import { describe, expect, it } from 'vitest';
import { gatehouseOptions } from '../support/gatehouse-parts.js';
import { isWithout, newSharedStore, type SharedStoreKind } from '../support/shared-stores.js';

const issuer = 'http://127.0.0.1:4000';
const upstream = { issuer: 'http://127.0.0.1:4001', clientId: 'a', clientSecret: 'upstream' };

describe.each(['redis', 'postgres', 'sqlite'] as const)('two instances on one %s', (kind: SharedStoreKind) => {
  it.skipIf(isWithout[kind] && !process.env['CI'])(
    'know each other’s clients, MCP servers and blocks within five seconds',
    async () => {
      const shared = await newSharedStore[kind]();
      let offset = 0;
      const clock = () => Date.now() / 1000 + offset;
      const start = () =>
        new OAuthAuthorizationServer({
          ...gatehouseOptions({ issuer, mcpUrl: `${issuer}/mcp`, upstream }),
          store: shared.location,
          clock,
        });
      const [one, other] = [start(), start()];
      try {
        const token = (gate: OAuthAuthorizationServer, secret: string) =>
          gate.fetch(
            new Request(`${issuer}/oauth/token`, {
              method: 'POST',
              body: new URLSearchParams({ grant_type: 'client_credentials' }),
              headers: { authorization: `Basic ${Buffer.from(`machine:${secret}`).toString('base64')}` },
            }),
          );
        await Promise.all([one.ready(), other.ready()]);
        const { secret = '' } = await one.operator.clients.add({ clientId: 'machine', name: 'M', newSecret: true });
        await one.operator.resources.add({ url: 'https://notes.example/mcp/notes' });
        expect((await token(one, secret)).status).toBe(200);
        offset += 5;
        const answer = await token(other, secret);
        expect(answer.status).toBe(200);
        const { access_token: held } = (await answer.json()) as { access_token: string };
        const document = await other.fetch(new Request(`${issuer}/.well-known/oauth-protected-resource/mcp/notes`));
        expect(document.status).toBe(200);

        const gate = one.withBearerAuth(() => new Response('in'), { resource: `${issuer}/mcp` });
        const call = () => gate(new Request(`${issuer}/mcp`, { headers: { authorization: `Bearer ${held}` } }));
        expect((await call()).status).toBe(200);
        await other.operator.blocks.add({ clientId: 'machine' });
        offset += 5;
        expect((await call()).status).toBe(401);
        expect((await token(one, secret)).status).toBe(403);

        // Each from another instance, at the same moment.
        const ids = Array.from({ length: 12 }, (_, index) => `client-${index}`);
        await Promise.all(
          ids.map((clientId, index) =>
            (index % 2 ? one : other).operator.clients.add({ clientId, name: clientId, newSecret: true }),
          ),
        );
        const { items } = await one.operator.clients.list();
        expect(items.map(({ clientId }) => clientId).sort()).toEqual([...ids, 'machine'].sort());
        const twice = await Promise.allSettled(
          [one, other].map((each) => each.operator.clients.add({ clientId: 'both', name: 'B', newSecret: true })),
        );
        expect(twice.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      } finally {
        await one.close();
        await other.close();
        await shared.remove();
      }
    },
  );
});
