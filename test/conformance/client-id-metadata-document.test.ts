/**
 * draft-ietf-oauth-client-id-metadata-document-01, OAuth Client ID Metadata Document.
 *
 * | requirement                                                             | section | test |
 * | ----------------------------------------------------------------------- | ------- | ---- |
 * | https, a path, no fragment, user information or dot segments            | 3       | knows a client by its URL; test/protocol/client-id-url |
 * | a query should not be there; a port may                                 | 3       | test/protocol/client-id-url |
 * | the document is fetched from the client_id; 200 only                    | 4       | knows a client by its URL; refuses what is no document |
 * | redirects are not followed                                              | 4       | refuses what is no document; test/clients/guarded-fetch |
 * | client_id equals the URL by simple string comparison                    | 4.1     | refuses a document that is another's |
 * | no client_secret, no method with a shared secret                        | 4.1     | refuses a document with a secret |
 * | a client that declares private_key_jwt authenticates so                 | 6       | holds a client to the method that it declared |
 * | abort when fetching fails                                               | 4.3     | refuses what is no document |
 * | cached as HTTP says, within bounds of ours; no errors, nothing invalid  | 4.4     | fetches once; test/clients/metadata-documents |
 * | client_id_metadata_document_supported                                   | 5       | says that it can, and says nothing when it cannot |
 * | the redirect_uri is one of the document                                 | 6.1     | sends nobody where the document does not say |
 * | the host of the client_id is shown                                      | 6       | test/pages/consent, test/journeys/metadata-documents |
 * | special-use addresses are refused; loopback only for development        | 6.5     | asks no address of its own network; test/clients/special-use-addresses |
 * | a bounded size, of about 5 KB                                           | 6.6     | refuses what is no document; test/clients/guarded-fetch |
 * | ids of registered clients do not look like URLs                         | –       | gives registered clients ids of another shape |
 *
 * MCP 2026-07-28: `client_id`, `client_name` and `redirect_uris` are required (test/protocol/client-metadata-document).
 */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serve, type Served } from '../http/serve.js';
import { authorizationUrl, pkce, postForm, register, type RawClient } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';

const redirectUri = 'http://127.0.0.1:8910/callback';

let gatehouse: Gatehouse;
let host: Served;
let asked: string[];
let client: RawClient;
/** What the document says beside, or instead of, what it should. */
let changes: Record<string, unknown>;
let answer: (response: ServerResponse) => void;
beforeEach(async () => {
  gatehouse = await startGatehouse({ clientIdMetadataDocuments: { allowLoopback: true } });
  changes = {};
  asked = [];
  host = await serve((origin) => {
    client = { clientId: `${origin}/client.json`, redirectUri };
    return (request, response) => {
      asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
      answer(response);
    };
  });
  answer = (response) => {
    const document = { client_id: client.clientId, client_name: 'A client', redirect_uris: [redirectUri], ...changes };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  };
});
afterEach(async () => {
  await host.close();
  await gatehouse.close();
});

/** Opens an authorization request as a browser does. */
async function open(parameters: Record<string, string | undefined> = {}, headers: Record<string, string> = {}) {
  const url = authorizationUrl(gatehouse.issuer, client, pkce().challenge, parameters);
  const response = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html', ...headers } });
  return { status: response.status, location: response.headers.get('location'), page: await response.text() };
}

async function expectRefused(parameters: Record<string, string> = {}) {
  const { status, location, page } = await open(parameters);
  expect({ status, location }).toEqual({ status: 400, location: null });
  expect(page).not.toContain('name="transaction"');
  return page;
}

const token = () =>
  postForm(`${gatehouse.issuer}/oauth/token`, {
    grant_type: 'authorization_code',
    client_id: client.clientId,
    code: 'x',
    code_verifier: 'x',
  });

describe('client id metadata documents', () => {
  it('says that it can, and says nothing when it cannot', async () => {
    expect(gatehouse.gate.getMetadata()).toMatchObject({ client_id_metadata_document_supported: true });
    // Claude looks for both before it makes use of them.
    expect(gatehouse.gate.getMetadata().token_endpoint_auth_methods_supported).toContain('none');
    await gatehouse.restart({ clientIdMetadataDocuments: false });
    expect(gatehouse.gate.getMetadata()).not.toHaveProperty('client_id_metadata_document_supported');
    await expectRefused();
    expect((await token()).body).toMatchObject({ error: 'invalid_client' });
    expect(asked).toEqual([]);
  });

  it('knows a client by its URL', async () => {
    const { status, page } = await open();
    expect(status).toBe(200);
    expect(page).toContain('A client');
    expect(asked).toEqual(['GET /client.json']);
    expect((await token()).body).toMatchObject({ error: 'invalid_grant' });
  });

  it('fetches once, also for the token endpoint and after a restart', async () => {
    await Promise.all(Array.from({ length: 20 }, () => open()));
    await token();
    await gatehouse.restart();
    await open();
    expect(asked).toHaveLength(1);
  });

  it.each([
    'another URL',
    (id: string) => `${id}?`,
    (id: string) => id.replace('127.0.0.1', 'localhost'),
    (id: string) => `${id}/`,
    undefined,
  ])("refuses a document that is another's (%s)", async (id) => {
    changes = { client_id: typeof id === 'function' ? id(client.clientId) : id };
    await expectRefused();
    expect(await token()).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it.each([
    { client_secret: 'a' },
    { client_secret_expires_at: 0 },
    { token_endpoint_auth_method: 'client_secret_basic' },
    { token_endpoint_auth_method: 'client_secret_post' },
    { token_endpoint_auth_method: 'client_secret_jwt' },
  ])('refuses a document with a secret: %o', async (secret) => {
    changes = secret;
    await expectRefused();
  });

  it('sends nobody where the document does not say', async () => {
    await expectRefused({ redirect_uri: 'http://127.0.0.1:8910/other' });
    await expectRefused({ redirect_uri: 'http://localhost:8910/callback' });
    await expectRefused({ redirect_uri: 'https://evil.example/callback' });
  });

  it('takes any port of a loopback host, as native clients have it', async () => {
    changes = { redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'] };
    expect((await open({ redirect_uri: 'http://localhost:3118/callback' })).status).toBe(200);
    expect((await open({ redirect_uri: 'http://127.0.0.1:50123/callback' })).status).toBe(200);
    await expectRefused({ redirect_uri: 'http://localhost:3118/other' });
  });

  it('holds a client to the method that it declared', async () => {
    changes = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://client.example/jwks' };
    expect((await open()).status).toBe(200);
    for (const credentials of [{}, { client_secret: 'a' }]) {
      const { status, body } = await postForm(`${gatehouse.issuer}/oauth/token`, {
        grant_type: 'authorization_code',
        client_id: client.clientId,
        code: 'x',
        code_verifier: 'x',
        ...credentials,
      });
      expect({ status, error: body['error'] }).toEqual({ status: 401, error: 'invalid_client' });
    }
  });

  it('takes no secret of a public client', async () => {
    const { body } = await postForm(`${gatehouse.issuer}/oauth/token`, {
      grant_type: 'authorization_code',
      client_id: client.clientId,
      client_secret: 'a',
      code: 'x',
      code_verifier: 'x',
    });
    expect(body).toMatchObject({ error: 'invalid_client' });
  });

  it('asks no address of its own network', async () => {
    await gatehouse.restart({ clientIdMetadataDocuments: {} });
    for (const clientId of [
      'https://127.0.0.1/client',
      'https://169.254.169.254/latest/meta-data',
      'https://[::ffff:7f00:1]/client',
      'https://2130706433/client',
      'http://10.0.0.1/client',
      'http://client.example/client',
      'https://user@client.example/client',
      'https://client.example/../client',
      'https://client.example/client#a',
      'https://client.example',
    ]) {
      const page = await expectRefused({ client_id: clientId });
      expect(page).toContain('not known here');
    }
    expect(gatehouse.log.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  it.each<[string, typeof answer]>([
    ['404', (response) => response.writeHead(404).end()],
    ['403 in JSON', (response) => response.writeHead(403, { 'content-type': 'application/json' }).end('{}')],
    ['500', (response) => response.writeHead(500).end()],
    ['a redirect', (response) => response.writeHead(302, { location: client.clientId }).end()],
    ['HTML', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
    ['6 KB', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(' '.repeat(6000))],
    ['no JSON', (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{')],
    ['nothing', (response) => response.destroy()],
  ])('refuses what is no document: %s', async (_, broken) => {
    answer = broken;
    const page = await expectRefused();
    expect(page).toContain('metadata document of the client cannot be read');
    // What a client takes for "unknown" makes it drop everything: this one may be back in a minute.
    const { status, headers, body } = await token();
    expect({ status, error: body['error'] }).toEqual({ status: 503, error: 'temporarily_unavailable' });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    const program = await open({}, { accept: 'application/json' });
    expect(JSON.parse(program.page)).toMatchObject({ error: 'invalid_request' });
    expect(asked).toHaveLength(1);
  });

  it('gives registered clients ids of another shape', async () => {
    const { clientId } = await register(gatehouse.issuer, { client_name: 'https://client.example/client' });
    expect(clientId).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });
});
