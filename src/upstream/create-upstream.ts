import { once } from '../keys/single-flight.js';
import type { UpstreamProvider } from './provider.js';
import { faultsOf } from './provider-faults.js';
import type { Upstream, UpstreamServices } from './upstream.js';

/**
 * Makes the hand-off to one provider; nothing is fetched before it is needed, and the libraries that speak to providers,
 * which take longer to load than a server takes to start, are not loaded before either.
 *
 * @throws {TypeError} when the provider's settings cannot work
 */
export function createUpstream(preset: UpstreamProvider, services: UpstreamServices): Upstream {
  const { id, name, issuer, revocation } = preset;
  const faults = faultsOf(preset);
  if (faults.length > 0) throw new TypeError(`Provider ${id}: ${faults.join('; ')}.`);
  const standard = once(async () => {
    const { createStandardUpstream } = await import('./standard-upstream.js');
    return createStandardUpstream(preset, services);
  });
  return {
    provider: Object.freeze({ id, name, issuer, revocation }),
    authorizationUrl: async (handOff) => (await standard()).authorizationUrl(handOff),
    complete: async (callback, request) => (await standard()).complete(callback, request),
    refresh: async (previous) => (await standard()).refresh(previous),
    identify: async (answer) => (await standard()).identify(answer),
    revoke: async (tokens) => (await standard()).revoke(tokens),
  };
}
