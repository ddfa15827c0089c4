/**
 * RFC 9207, OAuth 2.0 Authorization Server Issuer Identification.
 *
 * | requirement                                                        | section | test |
 * | ------------------------------------------------------------------ | ------- | ---- |
 * | iss in every authorization response, errors included               | 2       | names itself |
 * | iss is identical to the issuer of the metadata                     | 2, 2.4  | names itself |
 * | authorization_response_iss_parameter_supported: true               | 3       | names itself |
 */
import { describe, expect, it } from 'vitest';
import { authorizationUrl, browserFor, pkce, register, walk } from '../support/client.js';
import { startGatehouse } from '../support/gatehouse.js';

describe('RFC 9207', () => {
  it.each(['', '/team'])('names itself in every response, to the letter, with the path "%s"', async (path) => {
    const gatehouse = await startGatehouse({ path });
    const { issuer, gate } = gatehouse;
    try {
      const metadata = gate.getMetadata();
      expect(metadata.authorization_response_iss_parameter_supported).toBe(true);
      const client = await register(issuer);
      const { challenge } = pkce();

      const success = await walk(authorizationUrl(issuer, client, challenge), client);
      expect(success.searchParams.has('code')).toBe(true);
      const failure = await fetch(authorizationUrl(issuer, client, 'short'), { redirect: 'manual' });
      const browser = browserFor(client);
      const denial = await browser.submit(await browser.open(authorizationUrl(issuer, client, challenge)), {}, 'deny');
      expect(denial.url.searchParams.get('error')).toBe('access_denied');

      for (const url of [success, new URL(failure.headers.get('location') ?? ''), denial.url]) {
        expect(url.searchParams.getAll('iss')).toEqual([metadata.issuer]);
      }
    } finally {
      await gatehouse.close();
    }
  });
});
