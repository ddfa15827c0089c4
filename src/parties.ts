import { client as clientSchema } from './client-config.js';
import type { ConfiguredClient } from './clients/pre-registered.js';
import { machineClientIds } from './clients/pre-registered.js';
import { longestTokenTtl, resourcesOf, type Settings } from './config.js';
import { resource as resourceSchema, type ConfiguredResource } from './party-config.js';
import { derived, liveMap } from './registry/live-map.js';
import { emptyDocument, type Block, type RegistryDocument, type RegistryEntry } from './registry/registry-document.js';
import type { Registry } from './registry/registry.js';
import type { Log } from './telemetry/log.js';

/** Who is known here, of the configuration and of the registry together, at one moment. */
export interface PartiesNow {
  readonly clients: ReadonlyMap<string, ConfiguredClient>;
  /** The first one is the default. */
  readonly resources: ReadonlyMap<string, ConfiguredResource>;
  /** The clients that may act for themselves. */
  readonly machines: ReadonlySet<string>;
  readonly blocks: readonly Block[];
}

/** Who is known here, as it changes. */
export interface Parties {
  /** The same object for as long as nothing changes. */
  readonly now: () => PartiesNow;
  /** The resources of {@link now}, for those who keep a map. */
  readonly resources: ReadonlyMap<string, ConfiguredResource>;
  /**
   * Sees to it that {@link now} is not older than a few seconds.
   *
   * @throws {AuthError} temporarily_unavailable when it cannot be told at all
   */
  readonly refresh: () => Promise<void>;
}

/** Parties that never change. */
export function fixedParties(resources: readonly ConfiguredResource[]): Parties {
  const byUrl = new Map(resources.map((resource) => [resource.url, resource]));
  const parties = { clients: new Map(), resources: byUrl, machines: new Set<string>(), blocks: [] };
  return { now: () => parties, resources: byUrl, refresh: () => Promise.resolve() };
}

/** Joins what the configuration says and what operators added. Where both have a name, the configuration counts. */
export function createParties(settings: Settings, registry: Pick<Registry, 'seen' | 'refresh'>, log: Log): Parties {
  const warn = warningsOnce(log);
  const now = derived(
    () => registry.seen() ?? emptyDocument,
    (document) => joined(settings, document, warn),
  );
  return { now, resources: liveMap(() => now().resources), refresh: () => registry.refresh() };
}

/** Joins the configuration and a document, which need not be the one that counts now. */
export function joined(
  settings: Settings,
  document: RegistryDocument,
  warn: (entry: RegistryEntry, fault: string) => void,
): PartiesNow {
  const clients = new Map(settings.clients.map((each) => [each.clientId, each]));
  const resources = new Map(resourcesOf(settings).map((each) => [each.url, each]));
  for (const entry of document.clients) {
    if (clients.has(entry.name)) warn(entry, shadowed);
    else {
      const { data } = clientSchema.safeParse(entry.options);
      if (data) clients.set(entry.name, { ...data, since: entry.addedAt });
      else warn(entry, unusable);
    }
  }
  for (const entry of document.resources) {
    if (resources.has(entry.name)) warn(entry, shadowed);
    else {
      const { data } = resourceSchema.safeParse(entry.options);
      if (data) resources.set(entry.name, withinReserve(data, settings));
      else warn(entry, unusable);
    }
  }
  return { clients, resources, machines: machineClientIds([...clients.values()]), blocks: document.blocks };
}

const shadowed = 'is in the registry and in the configuration, which counts: remove it from one of them.';
const unusable = 'in the registry cannot be used by this version, and is left out: change or remove it.';

/** Keys and grants are kept for as long as the longest token of the configuration may live. */
function withinReserve(resource: ConfiguredResource, settings: Settings): ConfiguredResource {
  const { accessTokenTtl } = resource;
  if (accessTokenTtl === undefined) return resource;
  return { ...resource, accessTokenTtl: Math.min(accessTokenTtl, longestTokenTtl(settings)) };
}

/** One line for each entry, however often the registry changes. */
function warningsOnce(log: Log): (entry: RegistryEntry, fault: string) => void {
  const told = new Set<string>();
  return ({ name, version }, fault) => {
    if (told.has(version)) return;
    told.add(version);
    log({ level: 'warn', event: 'registry entry not used', description: `${name} ${fault}` });
  };
}
