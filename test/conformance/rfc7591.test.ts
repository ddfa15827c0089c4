/**
 * RFC 7591, OAuth 2.0 Dynamic Client Registration Protocol.
 *
 * | requirement                                                             | section | test |
 * | ----------------------------------------------------------------------- | ------- | ---- |
 * | unknown members are ignored                                             | 2       | ignores what it does not know |
 * | the defaults of the standard                                            | 2       | fills in the defaults |
 * | 201, with the client_id and all that was registered                     | 3.2.1   | tells what it registered |
 * | client_secret_expires_at comes with every secret                        | 3.2.1   | gives a secret to a confidential client |
 * | invalid_redirect_uri and invalid_client_metadata, 400 in JSON           | 3.2.2   | test/endpoints/bad-input, test/protocol |
 * | the answer is not stored                                                | 3.2.1   | tells what it registered |
 */
import { OAuthClientInformationFullSchema } from '@modelcontextprotocol/sdk/shared/auth.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveGate, type ServedGate } from '../http/serve.js';

let served: ServedGate;
beforeAll(async () => {
  served = await serveGate();
});
afterAll(() => served.close());

async function register(metadata: Record<string, unknown>) {
  const answer = await fetch(`${served.issuer}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: ['https://client.example/cb'], ...metadata }),
  });
  return { answer, document: (await answer.json()) as Record<string, unknown> };
}

describe('RFC 7591 §3: registration', () => {
  it('tells what it registered, for nobody to keep', async () => {
    const metadata = {
      redirect_uris: [
        'https://client.example/cb',
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'http://localhost:8787/cb',
      ],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      client_name: 'A client',
      client_uri: 'https://client.example',
      scope: 'mcp:tools',
      software_id: 'software',
      software_version: '1.0',
      application_type: 'native',
    };
    const { answer, document } = await register(metadata);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(document).toEqual({
      ...metadata,
      client_id: expect.any(String) as string,
      client_id_issued_at: expect.any(Number) as number,
    });
    expect(Math.abs(Number(document['client_id_issued_at']) - Date.now() / 1000)).toBeLessThan(5);
  });

  it('fills in the defaults', async () => {
    const { document } = await register({});
    expect(document).toMatchObject({
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    });
  });

  it('ignores what it does not know, and registers the part of what is declared that exists here', async () => {
    const { answer, document } = await register({
      made_up: { deep: true },
      grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:jwt-bearer', 'device_code'],
      response_types: ['code', 'token'],
      jwks_uri: 'https://client.example/jwks',
    });
    expect(answer.status).toBe(201);
    expect(document).toMatchObject({ grant_types: ['authorization_code'], response_types: ['code'] });
    expect(document).not.toHaveProperty('made_up');
    expect(document).not.toHaveProperty('jwks_uri');
  });

  it('gives a secret to a confidential client, and says that it never expires', async () => {
    for (const token_endpoint_auth_method of ['client_secret_basic', 'client_secret_post']) {
      const { document } = await register({ token_endpoint_auth_method });
      expect(String(document['client_secret']).length).toBeGreaterThanOrEqual(43);
      expect(document['client_secret_expires_at']).toBe(0);
    }
    const { document } = await register({ token_endpoint_auth_method: 'none' });
    expect(document).not.toHaveProperty('client_secret');
    expect(document).not.toHaveProperty('client_secret_expires_at');
  });

  it('answers what the MCP SDK can read', async () => {
    for (const token_endpoint_auth_method of ['none', 'client_secret_basic']) {
      const { document } = await register({ token_endpoint_auth_method });
      expect(OAuthClientInformationFullSchema.parse(document)).toMatchObject({ client_id: document['client_id'] });
      expect(JSON.stringify(document)).not.toContain('null');
    }
  });
});
