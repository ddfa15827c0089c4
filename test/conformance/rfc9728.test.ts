/**
 * RFC 9728, OAuth 2.0 Protected Resource Metadata.
 *
 * | requirement                                                              | section  | test |
 * | ------------------------------------------------------------------------ | -------- | ---- |
 * | the well-known part comes before the path of the resource                | 3.1      | leads a client from a refusal to the server |
 * | resource is identical to the identifier that led to the document         | 3.3      | leads a client from a refusal to the server |
 * | resource_metadata in the challenge                                       | 5.1      | leads a client from a refusal to the server |
 * | the server lists its resources                                           | 4        | is listed by its authorization server |
 * | members of the document, each only where it has a value                  | 2, 3.2   | test/endpoints/discovery |
 */
import { discoverOAuthProtectedResourceMetadata } from '@modelcontextprotocol/sdk/client/auth.js';
import { describe, expect, it } from 'vitest';
import { startGatehouse } from '../support/gatehouse.js';

describe('RFC 9728', () => {
  it.each(['', '/team'])('leads a client from a refusal to the server, with the path "%s"', async (path) => {
    const gatehouse = await startGatehouse({ path });
    const { issuer, mcpUrl, gate } = gatehouse;
    try {
      const refusal = await fetch(mcpUrl, { method: 'POST' });
      const [, url = ''] = /resource_metadata="([^"]+)"/.exec(refusal.headers.get('www-authenticate') ?? '') ?? [];
      expect(url).toBe(`${new URL(issuer).origin}/.well-known/oauth-protected-resource${path}/mcp`);
      const document = (await (await fetch(url)).json()) as { resource: string; authorization_servers: string[] };
      expect(document.resource).toBe(mcpUrl);
      expect(document.authorization_servers).toEqual([gate.getMetadata().issuer]);
      expect(await discoverOAuthProtectedResourceMetadata(mcpUrl)).toEqual(document);
    } finally {
      await gatehouse.close();
    }
  });

  it('is listed by its authorization server', async () => {
    const gatehouse = await startGatehouse();
    const { mcpUrl, gate } = gatehouse;
    expect(gate.getMetadata().protected_resources).toEqual([mcpUrl]);
    await gatehouse.close();
  });
});
