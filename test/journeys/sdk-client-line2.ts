import {
  Client,
  StreamableHTTPClientTransport,
  UnauthorizedError,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
} from '@modelcontextprotocol/client';
import { ClientMemory, type SdkClient } from './sdk-client.js';

/** A client of `@modelcontextprotocol/client`, the SDK's line 2. */
export function createClient(url: URL): SdkClient {
  const memory = new ClientMemory<StoredOAuthClientInformation, StoredOAuthTokens, OAuthDiscoveryState>();
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
      const connection = (transport = new StreamableHTTPClientTransport(url, {
        authProvider: memory,
        fetch: memory.fetch,
      }));
      return (await unlessSignInIsNeeded(() => next.connect(connection).then(() => true))) ?? false;
    },
    finish: async (returned) => transport?.finishAuth(returned.searchParams),
    call: (tool) =>
      unlessSignInIsNeeded(async () => {
        const result = await client?.callTool({ name: tool });
        const [part] = result?.content ?? [];
        return JSON.parse(part?.type === 'text' ? part.text : 'null') as unknown;
      }),
    close: async () => client?.close(),
  };
}
