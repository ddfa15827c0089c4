import type { LogEntry } from 'mcp-gatehouse';
import type { AuthInfo } from 'mcp-gatehouse';
import { createGuards, resourceFinder, type Guards } from '../../src/guards.js';
import { AuthError } from '../../src/protocol/auth-error.js';
import { refusedToken } from '../../src/protocol/refused-token.js';

export const mcpUrl = 'https://notes.example/mcp';
export const metadataUrl = 'https://notes.example/.well-known/oauth-protected-resource/mcp';

/** What the tests' tokens are worth: `scopes:` and a list of scopes, `away`, or nothing. */
function verify(token: string): Promise<AuthInfo> {
  if (token === 'away') return Promise.reject(new AuthError('temporarily_unavailable', 'Try again later.'));
  const [kind, list = ''] = token.split(':', 2);
  if (kind !== 'scopes') return Promise.reject(refusedToken('malformed'));
  return Promise.resolve({
    token,
    clientId: 'client',
    scopes: list.split('+').filter((scope) => scope !== ''),
    expiresAt: 2_000_000_000,
    resource: new URL(mcpUrl),
    extra: { sub: list.includes('admin') ? 'admin' : 'alice', claims: {} },
  });
}

/** A token with these scopes, as an `Authorization` header. */
export const bearer = (...scopes: string[]) => ({ authorization: `Bearer scopes:${scopes.join('+')}` });

/** Gates whose verifier is somewhere else, as those of a resource server in another process are. */
export function makeGuards(log: LogEntry[] = []): Guards {
  let requests = 0;
  return createGuards({
    findResource: resourceFinder(
      new Map([
        [
          mcpUrl,
          {
            url: mcpUrl,
            scopes: new Set(['base', 'read', 'write', 'all', 'admin', 'other']),
            implied: new Map([['all', ['read', 'write']]]),
            defaultScopes: ['base'],
          },
        ],
      ]),
    ),
    verify,
    log: (entry) => log.push(entry),
    newRequestId: () => String(++requests),
  });
}

/** A call of a tool, or of another method. */
export const rpc = (method: string, params: object = {}, id: unknown = 7) => ({ jsonrpc: '2.0', id, method, params });
export const callOf = (name: unknown, id: unknown = 7) => rpc('tools/call', { name, arguments: {} }, id);

export const chatGpt = { 'user-agent': 'openai-mcp/1.0.0' };
