/**
 * RFC 8414, OAuth 2.0 Authorization Server Metadata.
 *
 * | requirement                                                          | section | test |
 * | -------------------------------------------------------------------- | ------- | ---- |
 * | issuer is an https URL without query and fragment                    | 2       | test/config |
 * | the well-known part comes before the path of the issuer              | 3.1     | is found where the standard puts it |
 * | 200 and JSON; members without values are left out                    | 3.2     | leaves out what it has not |
 * | issuer is identical to the identifier that led to the document       | 3.3     | is found where the standard puts it |
 * | the advertised methods and grants are those that exist               | 2       | advertises only what it does; rfc7523; rfc6749 (client_credentials) |
 * | signing algorithms of assertions, never none, with private_key_jwt   | 2       | names the algorithms of assertions |
 */
import { discoverAuthorizationServerMetadata } from '@modelcontextprotocol/sdk/client/auth.js';
import { describe, expect, it } from 'vitest';
import { makeGate, serveGate } from '../http/serve.js';

describe('RFC 8414', () => {
  it.each(['', '/team', '/a/b-c'])('is found where the standard puts it, for the path "%s"', async (path) => {
    const served = await serveGate(undefined, undefined, path);
    try {
      const answer = await fetch(`${served.origin}/.well-known/oauth-authorization-server${path}`);
      expect(answer.headers.get('content-type')).toBe('application/json');
      expect(await answer.json()).toMatchObject({ issuer: served.issuer });
      // And by the client of the MCP SDK, in its own order.
      expect(await discoverAuthorizationServerMetadata(served.issuer)).toMatchObject({ issuer: served.issuer });
    } finally {
      await served.close();
    }
  });

  it('leaves out what it has not', async () => {
    const gate = makeGate('https://auth.example', { enableDCR: false });
    const document = gate.getMetadata();
    for (const [name, value] of Object.entries(document)) {
      expect(value, name).toBeDefined();
      if (Array.isArray(value)) expect(value.length, name).toBeGreaterThan(0);
    }
    expect(document).not.toHaveProperty('registration_endpoint');
    await gate.close();
  });

  it('advertises only what it does', async () => {
    const served = await serveGate();
    try {
      const { grant_types_supported, token_endpoint, token_endpoint_auth_methods_supported, registration_endpoint } =
        served.gate.getMetadata();
      // Keys have no room in a registered id: private_key_jwt is for clients that are known in another way (rfc7523).
      for (const method of token_endpoint_auth_methods_supported.filter((each) => each !== 'private_key_jwt')) {
        const answer = await fetch(registration_endpoint ?? '', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ redirect_uris: ['https://a.example/cb'], token_endpoint_auth_method: method }),
        });
        expect(await answer.json()).toMatchObject({ token_endpoint_auth_method: method });
      }
      const registered = await fetch(registration_endpoint ?? '', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ redirect_uris: ['https://a.example/cb'], token_endpoint_auth_method: 'none' }),
      });
      const { client_id } = (await registered.json()) as { client_id: string };
      for (const grant_type of grant_types_supported) {
        const form = { grant_type, client_id, code: 'x', code_verifier: 'x', refresh_token: 'x' };
        const answer = await fetch(token_endpoint, { method: 'POST', body: new URLSearchParams(form) });
        expect(await answer.json(), grant_type).toMatchObject({ error: 'invalid_grant' });
      }
    } finally {
      await served.close();
    }
  });

  it('names the algorithms of assertions, and no symmetric one', async () => {
    const gate = makeGate('https://auth.example');
    const metadata = gate.getMetadata();
    expect(metadata.token_endpoint_auth_methods_supported).toContain('private_key_jwt');
    expect(metadata.token_endpoint_auth_signing_alg_values_supported).toEqual(['RS256', 'PS256', 'ES256']);
    await gate.close();
  });
});
