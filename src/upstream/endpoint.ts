import { isProtectedWebUri } from '../protocol/redirect-uri.js';
import type { UpstreamProvider } from './provider.js';

/** Tells whether an address can be an endpoint of the provider. */
export function isUsableEndpoint(provider: UpstreamProvider, value: unknown): value is string {
  return (
    typeof value === 'string' &&
    isProtectedWebUri(value) &&
    !value.includes('#') &&
    (value.startsWith('https:') || isOnLoopback(provider))
  );
}

/** Tells whether a provider may be talked to without TLS: its issuer says so, and that only on loopback. */
export function isOnLoopback({ issuer }: UpstreamProvider): boolean {
  return issuer.startsWith('http:');
}
