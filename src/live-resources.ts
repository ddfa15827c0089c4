import { resourceFinder, type GuardServices } from './guards.js';
import type { Parties } from './parties.js';
import type { ConfiguredResource } from './party-config.js';
import { liveMap } from './registry/live-map.js';

/**
 * Finds the resource that a gate guards: one of the configuration, or one that was added at run time and is known when the
 * gate is made. The one that need not be named is the only one of the configuration, whatever was added: a program that
 * starts today has to start tomorrow.
 *
 * Which scopes its broad scopes imply, the gate learns as it changes; which scope it asks for stays as it was made.
 */
export function liveResourceFinder(
  configured: readonly ConfiguredResource[],
  { resources }: Pick<Parties, 'resources'>,
): GuardServices['findResource'] {
  const findConfigured = resourceFinder(new Map(configured.map((each) => [each.url, each])));
  const findAny = resourceFinder(resources);
  return (requested) => {
    const found = requested === undefined ? findConfigured(requested) : findAny(requested);
    const { url, implied } = found;
    return { ...found, implied: liveMap(() => resources.get(url)?.implied ?? implied) };
  };
}
