import { randomText, type Randomness } from '../keys/randomness.js';
import {
  maxDocumentLength,
  maxEntries,
  serializeDocument,
  type RegistryDocument,
  type RegistryEntry,
} from '../registry/registry-document.js';
import type { Registry } from '../registry/registry.js';
import type { Clock } from '../storage/clock.js';
import { RegistryFault } from './registry-fault.js';

/** What is kept of either kind. */
export type RegistryKind = 'clients' | 'resources';

/** What the configuration, and everything that has to fit together, says of entries. */
export interface RegistryRules {
  /** Says what is wrong with the options of one entry by itself. */
  faultsOf(kind: RegistryKind, options: object): readonly string[];
  /** Says what does not fit together in a registry and the configuration beside it. */
  faultsAmong(document: RegistryDocument): readonly string[];
  isConfigured(kind: RegistryKind, name: string): boolean;
}

/** The entries of one kind. */
export interface RegistryEntries {
  /** Reads it now. */
  find(name: string): Promise<RegistryEntry | undefined>;
  /** @throws {RegistryFault} invalid_request, conflict */
  add(name: string, options: object): Promise<RegistryEntry>;
  /**
   * Changes an entry, as it is when it is written.
   *
   * @param expect - the version that the caller has seen; without it, whatever is there
   * @throws {RegistryFault} invalid_request, not_found, conflict
   */
  change(name: string, edit: (options: RegistryEntry['options']) => object, expect?: string): Promise<RegistryEntry>;
  /** @throws {RegistryFault} not_found, conflict */
  remove(name: string, expect?: string): Promise<void>;
}

/** What keeping entries needs. */
export interface EntriesServices {
  readonly registry: Pick<Registry, 'change' | 'read'>;
  readonly rules: RegistryRules;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** How long the options of one entry may be as text. */
const maxEntryLength = 16 * 1024;

/**
 * Keeps the entries of one kind, each change judged together with all that is there.
 *
 * @param keep - makes of options that are found good what is kept of them
 */
export function createRegistryEntries(
  kind: RegistryKind,
  { registry, rules, clock, randomness }: EntriesServices,
  keep: (options: Record<string, unknown>) => object = (options) => options,
): RegistryEntries {
  const newVersion = () => randomText(randomness, 9);

  /** What is kept of options: only what JSON can hold, so that every instance reads the same. */
  function kept(options: object): RegistryEntry['options'] {
    const faults = rules.faultsOf(kind, options);
    if (faults.length > 0) throw new RegistryFault('invalid_request', faults);
    const text = JSON.stringify(keep(options as Record<string, unknown>));
    if (text.length > maxEntryLength) {
      throw new RegistryFault('invalid_request', [`It is too long: at most ${maxEntryLength} characters as JSON.`]);
    }
    return JSON.parse(text) as RegistryEntry['options'];
  }

  function requireOurs(name: string): void {
    if (!rules.isConfigured(kind, name)) return;
    throw new RegistryFault('conflict', [`${name} is in the configuration: change it there, and restart.`]);
  }

  function requireEntry(document: RegistryDocument, name: string, expect: string | undefined): RegistryEntry {
    const entry = document[kind].find((each) => each.name === name);
    if (!entry) {
      requireOurs(name);
      throw new RegistryFault('not_found', [`There is no ${name} in the registry.`]);
    }
    if (expect === undefined || entry.version === expect) return entry;
    throw new RegistryFault('conflict', [`${name} was changed meanwhile: look at it once more.`]);
  }

  /** Answers a next document, unless the change brings something that does not fit; what did not fit before may stay. */
  function judged(before: RegistryDocument, entries: readonly RegistryEntry[]): RegistryDocument {
    const next = { ...before, [kind]: entries };
    const known = rules.faultsAmong(before);
    const faults = rules.faultsAmong(next).filter((fault) => !known.includes(fault));
    if (faults.length > 0) throw new RegistryFault('conflict', faults);
    if (entries.length > before[kind].length) requireRoom(next, entries.length);
    return next;
  }

  return {
    find: async (name) => (await registry.read())[kind].find((each) => each.name === name),

    async add(name, options) {
      const at = Math.floor(clock());
      const entry = { name, addedAt: at, changedAt: at, version: newVersion(), options: kept(options) };
      requireOurs(name);
      return registry.change((document) => {
        if (document[kind].some((each) => each.name === name)) {
          throw new RegistryFault('conflict', [`${name} is there already: change it, or remove it first.`]);
        }
        return { next: judged(document, [...document[kind], entry]), result: entry };
      });
    },

    change: (name, edit, expect) =>
      registry.change((document) => {
        const entry = requireEntry(document, name, expect);
        const options = kept(edit(entry.options));
        const changed = { ...entry, options, changedAt: Math.floor(clock()), version: newVersion() };
        const entries = document[kind].map((each) => (each === entry ? changed : each));
        return { next: judged(document, entries), result: changed };
      }),

    async remove(name, expect) {
      await registry.change((document) => {
        const entry = requireEntry(document, name, expect);
        const entries = document[kind].filter((each) => each !== entry);
        return { next: judged(document, entries), result: undefined };
      });
    },
  };
}

/** @throws {RegistryFault} conflict when there is no room for one more */
export function requireRoom(next: RegistryDocument, count: number): void {
  if (count <= maxEntries && serializeDocument(next).length <= maxDocumentLength) return;
  throw new RegistryFault('conflict', [
    `The registry is full: it holds ${maxEntries} clients, resources and blocks, of each, and ${maxDocumentLength} characters in all.`,
  ]);
}

/** Changes options as a merge patch does (RFC 7396), for their own members: `null` takes one away. */
export function patched(options: object, patch: object): Record<string, unknown> {
  const members = new Map(Object.entries(options));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, value);
  }
  return Object.fromEntries<unknown>(members);
}

/** A part of a list that is too long for one answer. */
export interface Page<T> {
  readonly items: readonly T[];
  /** What to ask for as `after`, where there is more. */
  readonly next?: string;
}

/** Which part of a list. */
export interface PageRequest {
  /** The name behind which it begins. */
  readonly after?: string | undefined;
  /** @defaultValue 100, which is at most 500 */
  readonly limit?: number | undefined;
}

/** Answers a part of a list, in the order of the names. */
export function pageOf<T>(
  all: readonly T[],
  nameOf: (item: T) => string,
  { after = '', limit = 100 }: PageRequest = {},
): Page<T> {
  const size = Math.min(500, Math.max(1, Math.trunc(limit) || 1));
  const rest = all.filter((item) => nameOf(item) > after).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const items = rest.slice(0, size);
  const last = items.at(-1);
  return { items, ...(rest.length > size && last !== undefined && { next: nameOf(last) }) };
}
