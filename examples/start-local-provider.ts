import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { oidcProvider, type UpstreamProvider } from 'mcp-gatehouse/providers';
import { localProvider } from './quick-start/local-provider.js';

/** Starts an OpenID provider on a free port. Anybody can sign in there, with any password: for trying out. */
export async function startLocalProvider(callbackUrl: string): Promise<UpstreamProvider> {
  const client = { clientId: 'example', clientSecret: randomBytes(32).toString('base64url') };
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = localProvider({ issuer, ...client, redirectUri: callbackUrl });
  server.on('request', (request, response) => void provider(request, response));
  return oidcProvider({ issuer, ...client, name: 'the local provider' });
}
