import { UnauthorizedError, type OAuthDiscoveryState } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import { ClientMemory, type SdkClient } from './sdk-client.js';

/** A client of `@modelcontextprotocol/sdk`, the SDK's line 1. */
export function createClient(url: URL): SdkClient {
  const memory = new ClientMemory<OAuthClientInformationMixed, OAuthTokens, OAuthDiscoveryState>();
  let client: Client | undefined;
  let transport: StreamableHTTPClientTransport | undefined;

  async function unlessSignInIsNeeded<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof UnauthorizedError) return undefined;
      throw error;
    }
  }

  return {
    memory,
    async connect() {
      await client?.close();
      const next = (client = new Client({ name: 'test', version: '1.0.0' }));
      transport = new StreamableHTTPClientTransport(url, { authProvider: memory, fetch: memory.fetch });
      const connection = transport as unknown as Parameters<typeof next.connect>[0];
      return (await unlessSignInIsNeeded(() => next.connect(connection).then(() => true))) ?? false;
    },
    finish: async (returned) => transport?.finishAuth(returned.searchParams.get('code') ?? ''),
    call: (tool) =>
      unlessSignInIsNeeded(async () => {
        const result = await client?.callTool({ name: tool });
        const [part] = (result?.content ?? []) as { text: string }[];
        return JSON.parse(part?.text ?? 'null') as unknown;
      }),
    close: async () => client?.close(),
  };
}
