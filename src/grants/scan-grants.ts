import { canScan } from '../storage/scanning.js';
import type { Store } from '../storage/store.js';
import { grantKey, type GrantIds } from './grant-id.js';
import { parseGrant, type Grant } from './grant.js';

/** So many records are in memory at once; most are small. */
const portion = 200;

/** Reads the grants of all users, each at least once; undefined where the store cannot be read as a whole. */
export function scanGrants(store: Store, ids: Pick<GrantIds, 'isOurs'>): AsyncIterable<Grant> | undefined {
  if (!canScan(store)) return undefined;
  const scan = (after: string | undefined) => store.scan({ limit: portion, after });
  return (async function* () {
    let after: string | undefined;
    do {
      const found = await scan(after);
      for (const { partition, id, value } of found.entries) {
        const grant = id.startsWith('grant.') ? parseGrant(value) : undefined;
        if (!grant) continue;
        const key = grantKey(grant.grantId);
        if (key.partition === partition && key.id === id && (await ids.isOurs(grant.grantId))) yield grant;
      }
      after = found.after;
    } while (after !== undefined);
  })();
}
