/**
 * RFC 8707, Resource Indicators for OAuth 2.0.
 *
 * | requirement                                                             | section | test |
 * | ----------------------------------------------------------------------- | ------- | ---- |
 * | an absolute URI without a fragment                                      | 2       | refuses what means no resource |
 * | an unknown resource: invalid_target                                     | 2       | refuses what means no resource |
 * | may be repeated                                                         | 2       | takes one resource, however often it is said |
 * | without one the server has a default                                    | 2       | has a default |
 * | the audience of the token is the resource                               | 2       | makes it the audience |
 * | at the token endpoint no more than what was granted                     | 2.2     | takes no other resource for a code or a refresh token |
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorizationUrl, pkce, redeem, refresh, register, signIn, walk, type RawClient } from '../support/client.js';
import { startHost, type Host } from '../express/host.js';
import { claimsOf } from '../resource/tokens.js';

let host: Host;
let client: RawClient;
beforeAll(async () => {
  host = await startHost(
    (gate) => gate.createRouter(),
    {},
    (issuer) => ({
      resources: ['/mcp', '/mcp/admin', '/other'].map((path) => ({ url: issuer + path, scopes: { a: 'A' } })),
    }),
  );
  client = await register(host.issuer);
});
afterAll(() => host.close());

async function askFor(...resources: string[]) {
  const url = authorizationUrl(host.issuer, client, pkce().challenge);
  for (const resource of resources) url.searchParams.append('resource', resource);
  const answer = await fetch(url, { redirect: 'manual' });
  const location = answer.headers.get('location');
  return location === null ? answer.status : new URL(location).searchParams.get('error');
}

async function audienceOf(resource: string | undefined) {
  const { accessToken } = await signIn(host.issuer, 'alice', { resource });
  return claimsOf(accessToken)['aud'];
}

describe('RFC 8707', () => {
  it('makes it the audience of the token, in its one spelling', async () => {
    const { issuer } = host;
    const upperCase = issuer.replace('http:', 'HTTP:');
    expect(await audienceOf(`${issuer}/mcp`)).toBe(`${issuer}/mcp`);
    expect(await audienceOf(`${issuer}/mcp/`)).toBe(`${issuer}/mcp`);
    expect(await audienceOf(`${issuer}/mcp/tools/list`)).toBe(`${issuer}/mcp`);
    expect(await audienceOf(`${upperCase}/mcp/admin`)).toBe(`${issuer}/mcp/admin`);
    expect(await audienceOf(`${issuer}/mcp/admin/below`)).toBe(`${issuer}/mcp/admin`);
    expect(await audienceOf(`${issuer}/other`)).toBe(`${issuer}/other`);
  });

  it('has a default: the first resource', async () => {
    expect(await audienceOf(undefined)).toBe(`${host.issuer}/mcp`);
  });

  it('takes one resource, however often it is said, and not several', async () => {
    const { issuer } = host;
    expect(await askFor(`${issuer}/mcp`, `${issuer}/mcp/`)).toBe(200);
    expect(await askFor(`${issuer}/mcp`, `${issuer}/other`)).toBe('invalid_target');
    expect(await askFor(`${issuer}/mcp`, 'https://foreign.example')).toBe('invalid_target');
  });

  it('refuses what means no resource', async () => {
    const { issuer } = host;
    for (const resource of [
      'https://foreign.example/mcp',
      `${issuer}/mcp#fragment`,
      `${issuer}/mcp?query`,
      `${issuer}/mcp-v2`,
      `${issuer}/MCP`,
      issuer,
      '/mcp',
      'mcp',
      'urn:mcp',
      `${issuer.replace('://', '://user@')}/mcp`,
      `${issuer.replace(/\d+$/, '1')}/mcp`,
    ]) {
      expect(await askFor(resource), resource).toBe('invalid_target');
    }
  });

  it('takes no other resource for a code or a refresh token, and neither is spent by the attempt', async () => {
    const { issuer } = host;
    const { verifier, challenge } = pkce();
    const url = authorizationUrl(issuer, client, challenge, { resource: `${issuer}/other` });
    const code = (await walk(url, client)).searchParams.get('code') ?? '';
    const foreign = { resource: `${issuer}/mcp` };
    const refused = { status: 400, body: { error: 'invalid_target' } };
    expect(await redeem(issuer, client, code, verifier, foreign)).toMatchObject(refused);
    const { status, body } = await redeem(issuer, client, code, verifier, { resource: `${issuer}/other/` });
    expect(status).toBe(200);
    const refreshToken = String(body['refresh_token']);
    expect(await refresh(issuer, client, refreshToken, foreign)).toMatchObject(refused);
    const refreshed = await refresh(issuer, client, refreshToken);
    expect(refreshed.status).toBe(200);
    expect(claimsOf(String(refreshed.body['access_token']))['aud']).toBe(`${issuer}/other`);
  });
});
