import type { Key, Scanned, ScanPortion, Store } from './store.js';

/** A store that has the verb for operators. */
export type ScannableStore = Store & Required<Pick<Store, 'scan'>>;

/** Whether a store can be read as a whole. */
export function canScan(store: Store): store is ScannableStore {
  return store.scan !== undefined;
}

/** Where a scan goes on that reads a table in the order of its keys. */
export function afterPlace(after = '\n'): { readonly afterPartition: string; readonly afterId: string } {
  // Neither part holds a line break, and neither is empty.
  const [afterPartition = '', afterId = ''] = after.split('\n');
  return { afterPartition, afterId };
}

/**
 * Makes a portion of rows that were read in the order of their keys; there may be more when there are as many as were
 * asked for. Of a row that is no record only the place counts.
 */
export function scanPortion(rows: readonly (Key & Partial<Scanned>)[], limit: number): ScanPortion {
  const last = rows.at(-1);
  const entries = rows.filter((row): row is Scanned => row.value !== undefined && row.version !== undefined);
  return { entries, ...(last && rows.length >= limit && { after: placeOf(last) }) };
}

/** The place of a record in the order of its key. */
export function placeOf({ partition, id }: Key): string {
  return `${partition}\n${id}`;
}
