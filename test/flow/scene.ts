import { randomBytes } from 'node:crypto';
import type { Transaction } from '../../src/flow/transaction.js';
import type { HttpRequest } from '../../src/http/message.js';
import { createKeyRing } from '../../src/keys/key-ring.js';
import { createSealing } from '../../src/keys/sealing.js';

export const issuer = 'https://auth.example';
export const secrets: [string, string] = [
  'the first secret, thirty-two characters',
  'the second secret, thirty-two chars',
];

export const ringOf = (list: [string, ...string[]] = [secrets[0]], at = issuer) => createKeyRing(list, at);
export const sealingOf = (list: [string, ...string[]] = [secrets[0]], at = issuer) =>
  createSealing(ringOf(list, at), randomBytes);

export const start = 1_000_000;

export function newTransaction(changes: Partial<Transaction> = {}): Transaction {
  return {
    id: randomBytes(16).toString('base64url'),
    clientId: 'client',
    redirectUri: 'https://app.example/cb',
    state: 'client-state',
    codeChallenge: 'challenge',
    resource: 'https://mcp.example/mcp',
    scopes: ['mcp:tools'],
    providers: ['oidc'],
    browser: 'browser',
    expiresAt: start + 600,
    ...changes,
  };
}

/** A request with these cookies. */
export function requestWith(...cookies: string[]): HttpRequest {
  const headers = cookies.length > 0 ? { cookie: cookies.join('; ') } : {};
  return { id: 'request', method: 'GET', path: '/', query: '', headers, body: { kind: 'none' }, ip: undefined };
}

/** What a browser sends back of a `Set-Cookie` value. */
export const sentBack = (setCookie: string) => setCookie.split(';')[0] ?? '';
