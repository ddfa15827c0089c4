import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serve, type Served } from '../http/serve.js';
import {
  authorizationUrl,
  locationOf,
  pkce,
  refresh,
  signInWith,
  SteppingBrowser,
  walk,
  type RawClient,
} from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { serverOfLine2 } from '../support/mcp-server.js';
import { signInAtUpstream } from '../support/upstream-provider.js';
import { faultyStore, type FaultyStore } from '../faults/faulty-store.js';
import { ClientMemory } from '../support/sdk-client.js';

const url = 'https://client.example/oauth/client.json';

/** The memory of an SDK client that has a document on the web. */
class MemoryWithDocument extends ClientMemory<StoredOAuthClientInformation, StoredOAuthTokens, OAuthDiscoveryState> {
  readonly clientMetadataUrl = url;
}

describe('a client of the MCP SDK that names itself by a URL', () => {
  let gatehouse: Gatehouse;
  const memory = new MemoryWithDocument();
  let client: Client;
  beforeEach(async () => {
    gatehouse = await startGatehouse({
      protectedHandler: serverOfLine2,
      clientIdMetadataDocuments: {
        pinned: {
          [url]: {
            ...memory.clientMetadata,
            client_id: url,
            client_name: 'Claude',
            redirect_uris: ['http://127.0.0.1/callback'],
          },
        },
      },
    });
    client = new Client({ name: 'test', version: '1.0.0' });
  });
  afterEach(async () => {
    await client.close();
    await gatehouse.close();
  });

  it('signs in without a registration, refreshes, and survives a restart', async () => {
    const requested: string[] = [];
    const recordingFetch: typeof fetch = (input, init) => {
      requested.push(new URL(input instanceof Request ? input.url : input).pathname);
      return memory.fetch(input, init);
    };
    const transport = () =>
      new StreamableHTTPClientTransport(new URL(gatehouse.mcpUrl), { authProvider: memory, fetch: recordingFetch });
    const first = transport();
    await expect(client.connect(first)).rejects.toThrow(UnauthorizedError);
    const redirect = memory.redirects.at(-1) as URL;
    expect(redirect.searchParams.get('client_id')).toBe(url);
    const returned = await walk(redirect, { clientId: url, redirectUri: memory.redirectUrl });
    await first.finishAuth(returned.searchParams);
    client = new Client({ name: 'test', version: '1.0.0' });
    await client.connect(transport());
    await memory.idle();

    const call = async () => {
      const { content } = await client.callTool({ name: 'whoami' });
      const [part] = content;
      return JSON.parse(part?.type === 'text' ? part.text : 'null') as unknown;
    };
    expect(await call()).toMatchObject({ clientId: url, extra: { sub: 'oidc|alice' } });
    await gatehouse.restart();
    gatehouse.advance(3700);
    expect(await call()).toMatchObject({ clientId: url, extra: { sub: 'oidc|alice' } });
    expect(memory.redirects).toHaveLength(1);
    expect(memory.registration).toMatchObject({ client_id: url });
    expect(requested).not.toContain('/oauth/register');
  });
});

describe('a client with a document on the web', () => {
  let gatehouse: Gatehouse;
  let store: FaultyStore;
  let host: Served;
  let client: RawClient;
  let status: number;
  let asked: number;
  let redirectUris: string[];
  beforeEach(async () => {
    status = 200;
    asked = 0;
    gatehouse = await startGatehouse({
      clientIdMetadataDocuments: { allowLoopback: true },
      wrapStore: (inner) => (store = faultyStore(inner)),
    });
    host = await serve((origin) => {
      client = { clientId: `${origin}/client.json`, redirectUri: 'http://127.0.0.1:8910/callback' };
      redirectUris = [client.redirectUri];
      return (_, response) => {
        asked += 1;
        response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'max-age=300' });
        const { clientId: client_id } = client;
        response.end(JSON.stringify({ client_id, client_name: 'A client', redirect_uris: redirectUris }));
      };
    });
  });
  afterEach(async () => {
    store.heal();
    await host.close();
    await gatehouse.close();
  });

  it('signs in, and stays signed in while its own site is away', async () => {
    const { refreshToken } = await signInWith(gatehouse.issuer, client);
    expect(asked).toBe(1);
    status = 403;
    gatehouse.advance(3700);
    const first = await refresh(gatehouse.issuer, client, refreshToken);
    expect(first.status).toBe(200);
    gatehouse.advance(6 * 24 * 3600);
    await gatehouse.restart();
    const second = await refresh(gatehouse.issuer, client, String(first.body['refresh_token']));
    expect(second.status).toBe(200);
    expect(asked).toBe(3);
  });

  it('keeps its tokens when its site is away for longer than its copy lasts', async () => {
    const { refreshToken } = await signInWith(gatehouse.issuer, client);
    status = 503;
    gatehouse.advance(8 * 24 * 3600);
    const refused = await refresh(gatehouse.issuer, client, refreshToken);
    expect(refused).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
    status = 200;
    gatehouse.advance(60);
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(200);
  });

  it('can neither use nor be used by another client of the same host', async () => {
    const { refreshToken } = await signInWith(gatehouse.issuer, client);
    const { status: answered, body } = await refresh(
      gatehouse.issuer,
      { ...client, clientId: client.clientId.replace('client.json', 'other.json') },
      refreshToken,
    );
    // The document there says that it is another's.
    expect({ answered, error: body['error'] }).toEqual({ answered: 401, error: 'invalid_client' });
    expect((await refresh(gatehouse.issuer, client, refreshToken)).status).toBe(200);
  });

  it('is asked for by the page also while the store is away', async () => {
    // Once the registry has been read, or nobody could tell whether the client is blocked.
    await gatehouse.gate.ready();
    store.failAlways('throw before');
    const page = await new SteppingBrowser().open(authorizationUrl(gatehouse.issuer, client, pkce().challenge));
    expect(page.status).toBe(200);
    expect(page.html).toContain('A client');
    expect(asked).toBe(1);
  });

  it('goes nowhere with a redirect URI that was taken out of its document meanwhile', async () => {
    const browser = new SteppingBrowser();
    const page = await browser.open(authorizationUrl(gatehouse.issuer, client, pkce().challenge));
    const handOff = await browser.answer(page, 'approve');
    redirectUris = ['https://client.example/new'];
    gatehouse.advance(301);
    const returned = await browser.open(await signInAtUpstream(locationOf(handOff)));
    expect({ status: returned.status, location: returned.location }).toEqual({ status: 400, location: undefined });
  });
});
