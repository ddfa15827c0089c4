import type { Key, Store } from '../../src/storage/store.js';

/**
 * How an operation goes wrong.
 *
 * - `throw before`: it fails, and nothing happened
 * - `throw after`: it happened, but its answer was lost
 * - `hang`: it never answers, and nothing happened
 * - `late`: it fails, and happens all the same, just before the next write reaches the store
 * - `nothing`: a read finds nothing, a write and a deletion answer false, and nothing happened
 * - `false after`: it happened, and answers false
 */
export type Fault = 'throw before' | 'throw after' | 'hang' | 'late' | 'nothing' | 'false after';

/** One operation as the store received it. */
export interface Operation {
  readonly verb: 'get' | 'set' | 'delete' | 'list';
  /** Which record: `grant`, `vault`, `sign-in`, `installation`, `signing`. */
  readonly record: string;
  readonly key: Key;
}

/** A store that can be told to fail. */
export interface FaultyStore extends Store {
  /** What was asked of it, as `verb record`, since the last {@link heal}. */
  readonly operations: string[];
  /** Decides about each operation how it goes wrong, if it does. */
  failWhen(decide: (operation: Operation, index: number) => Fault | undefined): void;
  /** Lets the nth operation from now, counted from 1, go wrong. */
  failAt(n: number, fault: Fault): void;
  /** Lets everything go wrong. */
  failAlways(fault: Fault): void;
  /** Lets the nth operation of a verb on a record go wrong: `failOn('set grant', 'throw after')`. */
  failOn(operation: string, fault: Fault, n?: number): void;
  /** From now on nothing goes wrong. */
  heal(): void;
  /** Resolves when an operation hangs. */
  readonly hanging: Promise<void>;
}

/** What a driver's error may hold, and nobody must see. */
export const storeCanary = 'store-address-canary';

/** Puts faults before a store. */
export function faultyStore(inner: Store): FaultyStore {
  const operations: string[] = [];
  let decide: (operation: Operation, index: number) => Fault | undefined = () => undefined;
  let landing: (() => Promise<unknown>)[] = [];
  let hung: () => void;
  const hanging = new Promise<void>((resolve) => (hung = resolve));

  async function operate<T>(verb: Operation['verb'], key: Key, nothing: T, act: () => Promise<T>): Promise<T> {
    const record = key.id.split('.')[0] ?? '';
    operations.push(`${verb} ${record}`);
    const fault = decide({ verb, record, key }, operations.length);
    if (verb === 'set') {
      const landed = landing;
      landing = [];
      for (const land of landed) await land();
    }
    switch (fault) {
      case undefined:
        return act();
      case 'nothing':
        return nothing;
      case 'throw after':
        await act();
        break;
      case 'false after':
        await act();
        return nothing;
      case 'hang':
        hung();
        return new Promise<never>(() => undefined);
      case 'late':
        landing.push(act);
        break;
      case 'throw before':
        break;
    }
    throw new Error(`connect ECONNREFUSED ${storeCanary}`);
  }

  const store: FaultyStore = {
    operations,
    hanging,
    failWhen(next) {
      operations.length = 0;
      decide = next;
    },
    failAt: (n, fault) => store.failWhen((_, index) => (index === n ? fault : undefined)),
    failAlways: (fault) => store.failWhen(() => fault),
    failOn(operation, fault, n = 1) {
      let seen = 0;
      store.failWhen(({ verb, record }) => (`${verb} ${record}` === operation && ++seen === n ? fault : undefined));
    },
    heal: () => store.failWhen(() => undefined),
    get: (key) => operate('get', key, undefined, () => inner.get(key)),
    set: (key, value, options) => operate('set', key, false, () => inner.set(key, value, options)),
    delete: (key, options) => operate('delete', key, false, () => inner.delete(key, options)),
    list: (partition, options) => operate('list', { partition, id: '' }, [], () => inner.list(partition, options)),
    close: () => inner.close(),
  };
  return store;
}
