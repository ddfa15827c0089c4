import { hashOfSecret } from '../clients/pre-registered.js';
import { randomText } from '../keys/randomness.js';
import { canonicalResource } from '../protocol/resource-indicator.js';
import type { ImpliedScopes } from '../protocol/scope.js';
import type { RegistryEntry } from '../registry/registry-document.js';
import { application, type Actor, type TellChange } from './actor.js';
import { entryView, type EntryView } from './client-view.js';
import {
  createRegistryEntries,
  pageOf,
  patched,
  type EntriesServices,
  type Page,
  type PageRequest,
} from './registry-entries.js';
import { RegistryFault } from './registry-fault.js';

/** A resource as operators see it, in the words of the option `resources`; without the hashes of its keys. */
export interface ResourceView extends EntryView {
  readonly url: string;
  readonly name?: string;
  readonly documentation?: string;
  readonly scopes: Readonly<Record<string, { readonly description: string; readonly implies: readonly string[] }>>;
  readonly defaultScopes: readonly string[];
  readonly accessTokenTtl?: number;
  /** How many introspection keys count, and which clients may introspect. */
  readonly introspection: { readonly keys: number; readonly clients: readonly string[] };
}

/** A resource after a change, with the introspection key that was made for it: this is the only time that it is told. */
export interface ChangedResource {
  readonly resource: ResourceView;
  readonly key?: string;
}

/** The MCP servers that tokens are issued for: those of the configuration, to look at, and those of the registry. */
export interface ResourceRegistry {
  /** Lists them in the order of their URLs. */
  list(page?: PageRequest): Promise<Page<ResourceView>>;
  /** Finds one of them. */
  find(url: string): Promise<ResourceView | undefined>;
  /**
   * Adds a resource.
   *
   * @param options - the members of the option `resources`. With `newKey: true` it gets an introspection key that is made here
   * @throws {RegistryFault} invalid_request, conflict
   * @throws {AuthError} temporarily_unavailable
   */
  add(options: object, by?: Actor): Promise<ChangedResource>;
  /**
   * Changes a resource: a member that is given takes the place of what is there, `null` takes it away. `newKey: true` adds
   * an introspection key, beside which the one before still counts; `dropOldKeys: true` leaves the newest only.
   *
   * @param version - what the caller has seen; without it, whatever is there is changed
   * @throws {RegistryFault} invalid_request, not_found, conflict
   * @throws {AuthError} temporarily_unavailable
   */
  change(url: string, options: object, by?: Actor, version?: string): Promise<ChangedResource>;
  /**
   * Removes a resource: its tokens are refused, and none are issued.
   *
   * @throws {RegistryFault} not_found; conflict where a client is limited to it
   * @throws {AuthError} temporarily_unavailable
   */
  remove(url: string, by?: Actor, version?: string): Promise<void>;
}

/** A resource as far as it is shown. */
interface ShownResource {
  readonly url: string;
  readonly name?: string;
  readonly documentation?: string;
  readonly scopes: ReadonlyMap<string, string>;
  readonly implied: ImpliedScopes;
  readonly defaultScopes: readonly string[];
  readonly accessTokenTtl?: number;
  readonly introspection?: { readonly keyHashes: readonly string[]; readonly clientIds: readonly string[] };
}

/** What the registry of resources needs. */
export interface ResourceRegistryServices extends EntriesServices {
  /** The resources of the configuration and the registry, as this instance knows them. */
  readonly resources: () => ReadonlyMap<string, ShownResource>;
  readonly tell: TellChange;
}

/** How many introspection keys count at once. */
const maxKeys = 2;

/** Keeps resources. */
export function createResourceRegistry(services: ResourceRegistryServices): ResourceRegistry {
  const { registry, rules, randomness, resources, tell } = services;
  const entries = createRegistryEntries('resources', services, withHashedKeys);
  const canonical = (url: unknown) => canonicalResource(String(url)) ?? String(url);

  async function viewOf(url: string): Promise<ResourceView | undefined> {
    const entry = await entries.find(url);
    const resource = resources().get(url);
    return resource && resourceView(resource, rules.isConfigured('resources', url) ? undefined : entry);
  }

  /** From what this instance knows since the change: a look that fails would lose the key, which is told only now. */
  function changed(entry: RegistryEntry, key: string | undefined): ChangedResource {
    const resource = resources().get(entry.name);
    if (!resource) throw new RegistryFault('not_found', [`${entry.name} was removed meanwhile.`]);
    return { resource: resourceView(resource, entry), ...(key !== undefined && { key }) };
  }

  /** Takes apart what is to be kept and what is to be done. */
  function read(input: object) {
    const { newKey = false, dropOldKeys = false, ...options } = input as Record<string, unknown>;
    const rules: [boolean, string][] = [
      [typeof newKey !== 'boolean', 'newKey has to be true or false.'],
      [typeof dropOldKeys !== 'boolean', 'dropOldKeys has to be true or false.'],
    ];
    const faults = rules.filter(([applies]) => applies).map(([, message]) => message);
    if (faults.length > 0) throw new RegistryFault('invalid_request', faults);
    return { options, key: newKey === true ? randomText(randomness, 32) : undefined, dropsOld: dropOldKeys === true };
  }

  function withKeys(options: Record<string, unknown>, key: string | undefined, dropsOld: boolean) {
    const { introspection: given = {} } = options;
    // Left as it is, it is refused with all its faults.
    if (!isRecord(given) || !Array.isArray(given['keys'] ?? [])) return options;
    const earlier = (given['keys'] ?? []) as unknown[];
    const all = key === undefined ? earlier : [key, ...earlier].slice(0, maxKeys);
    const keys = dropsOld ? all.slice(0, 1) : all;
    const introspection = { ...given, ...(keys.length > 0 && { keys }) };
    return Object.keys(introspection).length > 0 ? { ...options, introspection } : options;
  }

  function patchedResource(kept: object, patch: Record<string, unknown>) {
    const next = patched(kept, patch);
    const [before, given] = [(kept as Record<string, unknown>)['introspection'], patch['introspection']];
    // Whoever names the clients does not mean to take the keys away.
    if (isRecord(given)) next['introspection'] = patched(isRecord(before) ? before : {}, given);
    return next;
  }

  return {
    async list(page) {
      const { resources: kept } = await registry.read();
      const byName = new Map(kept.map((entry) => [entry.name, entry]));
      const all = [...resources().values()].map((each) =>
        resourceView(each, rules.isConfigured('resources', each.url) ? undefined : byName.get(each.url)),
      );
      return pageOf(all, ({ url }) => url, page);
    },

    find: (url) => viewOf(canonical(url)),

    async add(input, by = application) {
      const { options, key } = read(input);
      const url = canonical(options['url']);
      const entry = await entries.add(url, withKeys(options, key, false));
      tell(by, { event: 'resource.added', resource: url });
      return changed(entry, key);
    },

    async change(given, input, by = application, version) {
      const url = canonical(given);
      const { options, key, dropsOld } = read(input);
      if (options['url'] !== undefined && canonical(options['url']) !== url) {
        throw new RegistryFault('invalid_request', ['url cannot be changed: add another resource.']);
      }
      const entry = await entries.change(
        url,
        (kept) => withKeys(patchedResource(kept, options), key, dropsOld),
        version,
      );
      tell(by, { event: 'resource.changed', resource: url });
      return changed(entry, key);
    },

    async remove(given, by = application, version) {
      const url = canonical(given);
      await entries.remove(url, version);
      tell(by, { event: 'resource.removed', resource: url });
    },
  };
}

function resourceView(resource: ShownResource, entry: Parameters<typeof entryView>[0]): ResourceView {
  const { url, name, documentation, scopes, implied, defaultScopes, accessTokenTtl, introspection } = resource;
  return {
    url,
    ...(name !== undefined && { name }),
    ...(documentation !== undefined && { documentation }),
    scopes: Object.fromEntries(
      [...scopes].map(([scope, description]) => [scope, { description, implies: implied.get(scope) ?? [] }]),
    ),
    defaultScopes,
    ...(accessTokenTtl !== undefined && { accessTokenTtl }),
    introspection: { keys: introspection?.keyHashes.length ?? 0, clients: introspection?.clientIds ?? [] },
    ...entryView(entry),
  };
}

/** What is kept of keys: plain ones as their hashes. */
function withHashedKeys(options: Record<string, unknown>): Record<string, unknown> {
  const { introspection } = options;
  if (!isRecord(introspection) || !Array.isArray(introspection['keys'])) return options;
  return { ...options, introspection: { ...introspection, keys: introspection['keys'].map(hashed) } };
}

function hashed(key: unknown): string {
  const text = String(key);
  return text.startsWith('sha256:') ? text.toLowerCase() : `sha256:${hashOfSecret(text)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
