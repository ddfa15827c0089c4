import { afterEach, describe, expect, it } from 'vitest';
import { callResource, pkce, postForm, walk, type RawClient } from '../support/client.js';
import { startGatehouse, type Gatehouse, type GatehouseSettings } from '../support/gatehouse.js';

let gatehouse: Gatehouse;
afterEach(() => gatehouse.close());

const redirectUri = 'http://127.0.0.1:8910/callback';

async function start(settings: GatehouseSettings = {}) {
  gatehouse = await startGatehouse(settings);
  return new URL(gatehouse.issuer).origin;
}

const register = (url: string) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }),
  });

describe('a client that knows only the paths of 2025', () => {
  it('goes the whole way without metadata, scope and resource', async () => {
    const origin = await start();
    const { client_id: clientId } = (await (await register(`${origin}/register`)).json()) as { client_id: string };
    const client: RawClient = { clientId, redirectUri };
    const { verifier, challenge } = pkce();
    const url = new URL(`${origin}/authorize`);
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    }).toString();
    const code = (await walk(url, client)).searchParams.get('code') ?? '';
    const { status, body } = await postForm(`${origin}/token`, {
      grant_type: 'authorization_code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
    });
    expect(status).toBe(200);
    expect((await callResource(gatehouse.mcpUrl, String(body['access_token']))).status).toBe(200);
  });

  it('leaves to the application what is no request of such a client', async () => {
    const origin = await start();
    // Express itself answers: nothing else is mounted there.
    for (const [method, path] of [
      ['GET', '/register'],
      ['GET', '/token'],
      ['POST', '/authorize'],
    ] as const) {
      const answer = await fetch(origin + path, { method });
      expect([path, answer.status, await answer.text()]).toEqual([path, 404, expect.stringContaining('Cannot ')]);
    }
  });

  it('finds them only where the issuer is the root of the host, and the operator lets it', async () => {
    let origin = await start({ path: '/team' });
    expect((await register(`${origin}/register`)).status).toBe(404);
    await gatehouse.close();
    origin = await start({ rootAliases: false });
    expect((await register(`${origin}/register`)).status).toBe(404);
    expect((await register(`${origin}/oauth/register`)).status).toBe(201);
  });
});
