import { newSharedStore, type SharedStore } from '../support/shared-stores.js';
import type { Contender } from './contenders.js';

/** An empty store of the given kind; `remove` leaves nothing behind. */
export async function newStore(kind: NonNullable<Contender['store']>): Promise<SharedStore> {
  if (kind === 'memory') return { location: 'memory:', remove: () => Promise.resolve() };
  return newSharedStore[kind]();
}
