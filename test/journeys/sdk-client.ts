import type { ProtectedTools } from 'mcp-gatehouse';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callResource, walk } from '../support/client.js';
import { startGatehouse, temporaryFolder, type Gatehouse } from '../support/gatehouse.js';
import { closedTools, line1ServerWith, line2ServerWith, mixedTools } from '../support/mcp-server.js';
import type { SdkClient } from '../support/sdk-client.js';

/** Makes a client for an MCP server. */
export type SdkClientFactory = (url: URL) => SdkClient;

/** In what the SDK's lines differ. */
export interface SdkTraits {
  /** Whether it asks its user for more scopes while it can still refresh. */
  readonly canStepUp: boolean;
  /** What it asks for when the server asks for `mcp:tools`. */
  readonly scopes: readonly string[];
}

/** The journeys of an SDK's client. */
export function describeSdkClient(create: SdkClientFactory, { canStepUp, scopes }: SdkTraits): void {
  describe.each([
    ['a server of line 1', line1ServerWith],
    ['a server of line 2', line2ServerWith],
  ])('before %s', (_, serverOf) => {
    let folder: ReturnType<typeof temporaryFolder>;
    let gatehouse: Gatehouse;
    let client: SdkClient;
    beforeEach(async () => {
      folder = temporaryFolder();
      await start(closedTools);
    });

    async function start(tools: ProtectedTools) {
      const protectedHandler = serverOf(tools);
      gatehouse = await startGatehouse({ store: `sqlite:${folder.path}/gatehouse.sqlite`, protectedHandler });
      client = create(new URL(gatehouse.mcpUrl));
    }

    afterEach(async () => {
      await client.close();
      await gatehouse.close();
      folder.remove();
    });

    async function signIn(user?: string) {
      const url = client.memory.redirects.at(-1);
      if (!url) throw new Error('The client sent its user nowhere.');
      const { redirectUrl: redirectUri } = client.memory;
      const returned = await walk(url, { clientId: '', redirectUri }, user);
      expect(returned.searchParams.get('state')).toBe('state-of-the-sdk-client');
      await client.finish(returned);
    }

    async function connect(user?: string) {
      expect(await client.connect()).toBe(false);
      await signIn(user);
      expect(await client.connect()).toBe(true);
      await client.memory.idle();
    }

    it('discovers, registers, signs in, and calls a tool that knows the user', async () => {
      await connect();
      const [url] = client.memory.redirects;
      expect(url?.searchParams.get('resource')).toBe(gatehouse.mcpUrl);
      expect(url?.searchParams.get('scope')).toBe(scopes.join(' '));
      expect(await client.call('whoami')).toEqual({
        token: client.memory.kept?.access_token,
        clientId: client.memory.registration?.client_id,
        scopes,
        expiresAt: expect.any(Number) as number,
        resource: gatehouse.mcpUrl,
        extra: {
          sub: 'oidc|alice',
          provider: 'oidc',
          grantId: expect.any(String) as string,
          claims: { email: 'alice@example.test', name: 'Alice' },
        },
      });
      expect(client.memory.redirects).toHaveLength(1);
    });

    it('refreshes by itself when its token has expired', async () => {
      await connect();
      const before = { ...client.memory.kept };
      gatehouse.advance(3700);
      expect((await callResource(gatehouse.mcpUrl, before.access_token)).status).toBe(401);
      expect(await client.call('whoami')).toMatchObject({ extra: { sub: 'oidc|alice' } });
      expect(client.memory.kept?.access_token).not.toBe(before.access_token);
      expect(client.memory.kept?.refresh_token).not.toBe(before.refresh_token);
      expect(client.memory.redirects).toHaveLength(1);
      expect(client.memory.invalidated).toEqual([]);
    });

    it('refreshes by itself when ten calls find their token expired at once', async () => {
      await connect();
      gatehouse.advance(3700);
      const answers = await Promise.all(Array.from({ length: 10 }, () => client.call('whoami')));
      for (const answer of answers) expect(answer).toMatchObject({ extra: { sub: 'oidc|alice' } });
      gatehouse.advance(3700);
      expect(await client.call('whoami')).toMatchObject({ extra: { sub: 'oidc|alice' } });
      expect(client.memory.redirects).toHaveLength(1);
      expect(client.memory.invalidated).toEqual([]);
    });

    it('goes on after a restart of the server, with the token that it has and with a refresh', async () => {
      await connect();
      await gatehouse.restart();
      expect(await client.call('whoami')).toMatchObject({ extra: { sub: 'oidc|alice' } });
      await gatehouse.restart();
      gatehouse.advance(3700);
      expect(await client.call('whoami')).toMatchObject({ extra: { sub: 'oidc|alice' } });
      expect(client.memory.redirects).toHaveLength(1);
    });

    it('keeps everything while the server cannot answer', async () => {
      await connect();
      const before = { ...client.memory.kept };
      await gatehouse.restart({ store: brokenStore });
      await expect(client.call('whoami')).rejects.toThrow();
      gatehouse.advance(3700);
      await gatehouse.restart({ store: brokenStore });
      await expect(client.call('whoami')).rejects.toThrow();
      expect(client.memory.kept).toEqual(before);
      expect(client.memory.invalidated).toEqual([]);
      expect(client.memory.redirects).toHaveLength(1);
    });

    it('asks its user again when the grant has ended, and keeps its registration', async () => {
      await connect();
      const registration = client.memory.registration;
      gatehouse.advance(31 * 24 * 3600);
      expect(await client.call('whoami')).toBeUndefined();
      expect(client.memory.redirects).toHaveLength(2);
      await signIn('bob');
      expect(await client.connect()).toBe(true);
      expect(await client.call('whoami')).toMatchObject({ extra: { sub: 'oidc|bob' } });
      expect(client.memory.registration).toEqual(registration);
    });

    it('registers anew, and goes on, when its registration is worth nothing any more', async () => {
      await connect();
      const { registration } = client.memory;
      if (!registration) throw new Error('The client did not register.');
      client.memory.registration = { ...registration, client_id: `${registration.client_id}x` };
      gatehouse.advance(3700);
      expect(await client.call('whoami')).toBeUndefined();
      expect(client.memory.invalidated).not.toEqual([]);
      expect(client.memory.registration.client_id).toBe(registration.client_id);
      await signIn();
      expect(await client.connect()).toBe(true);
      expect(await client.call('whoami')).toMatchObject({ extra: { sub: 'oidc|alice' } });
    });

    it('uses what needs no user without a sign-in, and asks its user for the rest', async () => {
      await gatehouse.close();
      await start(mixedTools);
      expect(await client.connect()).toBe(true);
      await client.memory.idle();
      expect(await client.call('hello')).toBe('hello');
      expect(client.memory.redirects).toEqual([]);
      expect(await client.call('add_note')).toBeUndefined();
      const asked = client.memory.redirects.at(-1)?.searchParams.get('scope')?.split(' ') ?? [];
      expect(asked).toEqual(['notes:write', ...scopes.slice(1)]);
      await signIn();
      expect(await client.connect()).toBe(true);
      await client.memory.idle();
      expect(await client.call('add_note')).toBe('noted');
      expect(await client.call('hello')).toBe('hello');
      // No stream was asked for in vain, by a sign-in that nobody wanted.
      expect(client.memory.redirects).toHaveLength(1);
    });

    // The older line refreshes in place of asking, and gives up: the two lines have a test each.
    if (canStepUp)
      it('asks its user for the scope that a tool needs, and keeps those it had', async () => {
        await connect();
        expect(await client.call('add_note')).toBeUndefined();
        const url = client.memory.redirects.at(-1);
        expect(url?.searchParams.get('scope')?.split(' ').sort()).toEqual([...scopes, 'notes:write'].sort());
        await signIn();
        expect(await client.call('add_note')).toBe('noted');
        const { scopes: granted } = (await client.call('whoami')) as { scopes: string[] };
        expect(granted.toSorted()).toEqual([...scopes, 'notes:write'].sort());
        expect(client.memory.redirects).toHaveLength(2);
      });
    else
      it('is told that a scope is missing, and goes on with those it has', async () => {
        await connect();
        await expect(client.call('add_note')).rejects.toThrow('403');
        expect(await client.call('whoami')).toMatchObject({ scopes });
      });
  });
}

const away = () => Promise.reject(new Error('The database is away.'));
/** A store that is away. */
const brokenStore = { get: away, set: away, delete: away, list: away, close: () => Promise.resolve() };
