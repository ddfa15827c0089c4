import type { Clock } from './clock.js';
import { placeOf } from './scanning.js';
import type { Entry, Listed, Scanned, Store } from './store.js';

/** What a store in memory needs. */
export interface MemoryStoreOptions {
  readonly clock: Clock;
}

interface Kept extends Entry {
  readonly expiresAt: number | 'never';
}

type Partition = Map<string, Kept>;

/** How many records each write looks at for expired ones: more than it adds, so that they cannot pile up. */
const sweptPerWrite = 4;

/** Keeps records in the memory of this process: for tests and trials, since a restart signs everybody out. */
export function memoryStore({ clock }: MemoryStoreOptions): Store {
  const partitions = new Map<string, Partition>();
  let walk = everyRecord(partitions);
  let closed = false;

  /** The records of a partition, for a verb that may still be called. */
  function recordsOf(partition: string): Partition {
    if (closed) throw new Error('The store is closed.');
    return partitions.get(partition) ?? new Map<string, Kept>();
  }

  function isLive(record: Kept | undefined): record is Kept {
    return record !== undefined && (record.expiresAt === 'never' || record.expiresAt > clock());
  }

  function find(records: Partition, id: string): Kept | undefined {
    const record = records.get(id);
    return isLive(record) ? record : undefined;
  }

  function remove(partition: string, records: Partition, id: string): void {
    records.delete(id);
    if (records.size === 0) partitions.delete(partition);
  }

  function sweep(): void {
    for (let looked = 0; looked < sweptPerWrite; looked++) {
      const step = walk.next();
      if (step.done) {
        walk = everyRecord(partitions);
        return;
      }
      const { partition, records, id } = step.value;
      if (!isLive(records.get(id))) remove(partition, records, id);
    }
  }

  /* eslint-disable @typescript-eslint/require-await -- async turns what is thrown into a rejection */
  return {
    volatile: true,
    async get({ partition, id }) {
      const record = find(recordsOf(partition), id);
      return record && { value: record.value, version: record.version };
    },
    async set({ partition, id }, value, { version, expiresAt, expect }) {
      const records = recordsOf(partition);
      const current = find(records, id)?.version;
      if (expect !== undefined && (current ?? 'absent') !== expect) return false;
      records.set(id, { value, version, expiresAt });
      partitions.set(partition, records);
      sweep();
      return true;
    },
    async delete({ partition, id }, { expect } = {}) {
      const records = recordsOf(partition);
      const record = find(records, id);
      if (!record || (expect !== undefined && record.version !== expect)) return false;
      remove(partition, records, id);
      return true;
    },
    async list(partition, { after, limit = 100 } = {}) {
      const listed: Listed[] = [];
      for (const [id, record] of recordsOf(partition)) {
        if (!isLive(record) || (after !== undefined && id <= after)) continue;
        listed.push({ id, value: record.value, version: record.version });
      }
      return listed.sort((one, other) => (one.id < other.id ? -1 : 1)).slice(0, limit);
    },
    async scan({ after, limit = 100 } = {}) {
      if (closed) throw new Error('The store is closed.');
      const found: Scanned[] = [];
      for (const [partition, records] of partitions) {
        for (const [id, record] of records) {
          if (!isLive(record) || (after !== undefined && placeOf({ partition, id }) <= after)) continue;
          found.push({ partition, id, value: record.value, version: record.version });
        }
      }
      const entries = found.sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1)).slice(0, limit);
      const last = entries.at(-1);
      return { entries, ...(last && entries.length < found.length && { after: placeOf(last) }) };
    },
    async close() {
      closed = true;
      partitions.clear();
    },
  };
  /* eslint-enable @typescript-eslint/require-await */
}

/** Walks through all records while they change: an iterator of a Map stands firm under deletions. */
function* everyRecord(partitions: Map<string, Partition>) {
  for (const [partition, records] of partitions) {
    for (const id of records.keys()) yield { partition, records, id };
  }
}
