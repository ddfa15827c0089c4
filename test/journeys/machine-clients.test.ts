import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client';
import * as line2 from '@modelcontextprotocol/client';
import * as line1 from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../http/serve.js';
import { assertionClaims, assertionOf, assertionType, ecKeyPair, rsaKeyPair } from '../support/assertion.js';
import { authorizationUrl, pkce, postForm, register, walk } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { serverOfLine1, serverOfLine2 } from '../support/mcp-server.js';

const ec = ecKeyPair();
const rsa = rsaKeyPair();
const clientSecret = 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU';
const pemOf = ({ privateKey }: typeof ec) => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const clients = [
  { clientId: 'with-secret', name: 'With a secret', clientSecret },
  { clientId: 'with-keys', name: 'With keys', jwks: { keys: [ec.jwk, rsa.jwk] } },
  { clientId: 'noter', name: 'Noter', jwks: { keys: [ec.jwk] }, scopes: ['mcp:tools', 'notes:write'] },
];

/** The providers that both lines of the SDK have for clients that act for themselves. */
interface MachineProviders<P> {
  readonly withSecret: (clientId: string, secret: string) => P;
  readonly withKey: (clientId: string, privateKey: string, algorithm: string, scope?: string) => P;
  readonly withAssertion: (clientId: string, assertion: string) => P;
  /** Connects, and calls tools; answers what they said. */
  readonly call: (url: URL, provider: P, ...tools: string[]) => Promise<unknown[]>;
}

type Provider2 = line2.ClientCredentialsProvider | line2.PrivateKeyJwtProvider | line2.StaticPrivateKeyJwtProvider;
type Provider1 = line1.ClientCredentialsProvider | line1.PrivateKeyJwtProvider | line1.StaticPrivateKeyJwtProvider;
type Said = { content: { text?: string }[] };
const wordsOf = (result: unknown) => JSON.parse((result as Said).content[0]?.text ?? 'null') as unknown;
const about = { name: 'test', version: '1.0.0' };

const ofLine2 = (issuer: string): MachineProviders<Provider2> => ({
  withSecret: (clientId, secret) =>
    new line2.ClientCredentialsProvider({ clientId, clientSecret: secret, expectedIssuer: issuer }),
  withKey: (clientId, privateKey, algorithm, scope) =>
    new line2.PrivateKeyJwtProvider({
      clientId,
      privateKey,
      algorithm,
      expectedIssuer: issuer,
      ...(scope !== undefined && { scope }),
    }),
  withAssertion: (clientId, jwtBearerAssertion) =>
    new line2.StaticPrivateKeyJwtProvider({ clientId, jwtBearerAssertion, expectedIssuer: issuer }),
  async call(url, authProvider, ...tools) {
    const client = new Client2(about);
    await client.connect(new Transport2(url, { authProvider }));
    const said: unknown[] = [];
    for (const name of tools) said.push(wordsOf(await client.callTool({ name })));
    await client.close();
    return said;
  },
});

const ofLine1 = (issuer: string): MachineProviders<Provider1> => ({
  withSecret: (clientId, secret) =>
    new line1.ClientCredentialsProvider({ clientId, clientSecret: secret, expectedIssuer: issuer }),
  withKey: (clientId, privateKey, algorithm, scope) =>
    new line1.PrivateKeyJwtProvider({
      clientId,
      privateKey,
      algorithm,
      expectedIssuer: issuer,
      ...(scope !== undefined && { scope }),
    }),
  withAssertion: (clientId, jwtBearerAssertion) =>
    new line1.StaticPrivateKeyJwtProvider({ clientId, jwtBearerAssertion, expectedIssuer: issuer }),
  async call(url, authProvider, ...tools) {
    const client = new Client1(about);
    const transport = new Transport1(url, { authProvider });
    await client.connect(transport);
    const said: unknown[] = [];
    for (const name of tools) said.push(wordsOf(await client.callTool({ name })));
    await client.close();
    return said;
  },
});

function describeMachineClients<P>(makeProviders: (issuer: string) => MachineProviders<P>): void {
  describe.each([
    ['a server of line 1', serverOfLine1],
    ['a server of line 2', serverOfLine2],
  ])('before %s', (_, protectedHandler) => {
    let gatehouse: Gatehouse;
    let url: URL;
    let providers: MachineProviders<P>;
    beforeAll(async () => {
      gatehouse = await startGatehouse({ clients, protectedHandler });
      url = new URL(gatehouse.mcpUrl);
      providers = makeProviders(gatehouse.issuer);
    });
    afterAll(() => gatehouse.close());

    const saidTo = (clientId: string, scopes = ['mcp:tools']) => ({
      token: expect.any(String) as string,
      clientId,
      scopes,
      expiresAt: expect.any(Number) as number,
      resource: gatehouse.mcpUrl,
      extra: { sub: clientId, claims: {} },
    });

    it('a client with a secret calls a tool, which knows that there is no user', async () => {
      const provider = providers.withSecret('with-secret', clientSecret);
      expect(await providers.call(url, provider, 'whoami')).toEqual([saidTo('with-secret')]);
    });

    it('a client with keys calls a tool, whichever of them it signs with', async () => {
      for (const [key, algorithm] of [
        [pemOf(ec), 'ES256'],
        [pemOf(rsa), 'RS256'],
      ] as const) {
        const provider = providers.withKey('with-keys', key, algorithm);
        expect(await providers.call(url, provider, 'whoami')).toEqual([saidTo('with-keys')]);
      }
    });

    it('a client with an assertion that somebody else made calls a tool', async () => {
      const now = Math.floor(Date.now() / 1000);
      const assertion = assertionOf(ec, assertionClaims('with-keys', gatehouse.issuer, now));
      const provider = providers.withAssertion('with-keys', assertion);
      expect(await providers.call(url, provider, 'whoami')).toEqual([saidTo('with-keys')]);
      // Once: it is spent.
      await expect(providers.call(url, providers.withAssertion('with-keys', assertion), 'whoami')).rejects.toThrow();
    });

    it('asks for a new token when the old one has expired', async () => {
      const provider = providers.withSecret('with-secret', clientSecret);
      await providers.call(url, provider, 'whoami');
      gatehouse.advance(3700);
      expect(await providers.call(url, provider, 'whoami')).toEqual([saidTo('with-secret')]);
      // The assertions of the others are dated by the system's clock.
      gatehouse.advance(-3700);
    });

    it('gets the scope that a tool needs, where its client may have it', async () => {
      const noter = providers.withKey('noter', pemOf(ec), 'ES256', 'mcp:tools notes:write');
      const [noted, who] = await providers.call(url, noter, 'add_note', 'whoami');
      expect(noted).toBe('noted');
      expect(who).toMatchObject({ scopes: ['mcp:tools', 'notes:write'] });
    });

    it('comes to nothing with a wrong secret, or a wrong key', async () => {
      const wrong = providers.withSecret('with-secret', `${clientSecret.slice(1)}x`);
      await expect(providers.call(url, wrong, 'whoami')).rejects.toThrow();
      const foreign = providers.withKey('with-keys', pemOf(ecKeyPair()), 'ES256');
      await expect(providers.call(url, foreign, 'whoami')).rejects.toThrow();
    });
  });
}

describe('machine clients of the SDK line 2', () => describeMachineClients(ofLine2));
describe('machine clients of the SDK line 1', () => describeMachineClients(ofLine1));

it('no user is taken for a machine client, whatever the tokenMapper calls them', async () => {
  const gatehouse = await startGatehouse({ clients, tokenMapper: () => ({ sub: 'with-secret' }) });
  try {
    const client = await register(gatehouse.issuer);
    const returned = await walk(authorizationUrl(gatehouse.issuer, client, pkce().challenge), client);
    expect(returned.searchParams.get('error')).toBe('server_error');
    expect(returned.searchParams.has('code')).toBe(false);
  } finally {
    await gatehouse.close();
  }
});

it('a client whose keys are elsewhere gets its token, however many documents strangers have fetched', async () => {
  const host = await serve(() => (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [ec.jwk] }));
  });
  const gatehouse = await startGatehouse({
    clients: [{ clientId: 'remote', name: 'Remote', jwksUri: `${host.origin}/jwks` }],
    clientIdMetadataDocuments: { allowLoopback: true },
  });
  try {
    for (let i = 0; i < 120; i += 1) {
      const stranger = { clientId: `http://127.0.0.1:${1 + (i % 5)}/${i}`, redirectUri: 'https://client.example/cb' };
      await fetch(authorizationUrl(gatehouse.issuer, stranger, pkce().challenge), { method: 'HEAD' });
    }
    const claims = assertionClaims('remote', gatehouse.issuer, Math.floor(Date.now() / 1000));
    const answer = await postForm(`${gatehouse.issuer}/oauth/token`, {
      grant_type: 'client_credentials',
      client_assertion_type: assertionType,
      client_assertion: assertionOf(ec, claims),
    });
    expect(answer.status).toBe(200);
  } finally {
    await gatehouse.close();
    await host.close();
  }
});
