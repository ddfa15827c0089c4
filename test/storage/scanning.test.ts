import { describe, expect, it } from 'vitest';
import { openStore } from '../../src/open-store.js';
import { guarded } from '../../src/storage/guarded.js';
import { namespaced } from '../../src/storage/namespaced.js';
import { canScan } from '../../src/storage/scanning.js';
import { memoryStore } from '../../src/storage/memory.js';
import { redisStore } from '../../src/storage/redis.js';
import type { Store } from '../../src/storage/store.js';
import { temporaryFolder } from '../support/gatehouse.js';

const clock = () => 1000;
const never = { version: 'v', expiresAt: 'never' } as const;

/** Two Redis masters, of which each answers one key in one step; `names` are what they call themselves. */
function cluster(names: readonly string[]) {
  const node = (name: string) => ({
    call: (command: string) =>
      Promise.resolve(command === 'INFO' ? `# Server\r\nrun_id:${name}\r\n` : ['0', [`gatehouse:{${name}}:r:id`]]),
  });
  const client = { call: () => Promise.resolve('never v value'), nodes: () => names.map(node) };
  return redisStore({ client, clock });
}

describe('scanning', () => {
  it('is known to every store that this package opens, through all that is put around it', async () => {
    const folder = temporaryFolder();
    const locations = ['memory:', `sqlite:${folder.path}/a.sqlite`, 'redis://127.0.0.1:1', 'postgres://127.0.0.1:1/a'];
    const stores = locations.map((location) => openStore(location, clock));
    expect(stores.map((store) => canScan(guarded(namespaced(store, 'issuer'))))).toEqual([true, true, true, true]);
    await Promise.all(stores.map((store) => store.close()));
    folder.remove();
  });

  it('is not made up for a store that has it not', () => {
    const without: Store = Object.assign(memoryStore({ clock }), { scan: undefined });
    expect(canScan(guarded(namespaced(without, 'issuer')))).toBe(false);
  });

  it('shows nothing of another namespace, and goes on where a portion is all of others', async () => {
    const inner = memoryStore({ clock });
    const [one, other] = [namespaced(inner, 'one'), namespaced(inner, 'one/')];
    for (let index = 0; index < 5; index++) await one.set({ partition: 'p', id: `${index}` }, 'mine', never);
    for (let index = 0; index < 5; index++) await other.set({ partition: 'p', id: `${index}` }, 'theirs', never);
    const ids: string[] = [];
    let after: string | undefined;
    do {
      const portion = await other.scan?.({ limit: 2, after });
      ids.push(...(portion?.entries ?? []).map(({ partition, id, value }) => `${partition} ${id} ${value}`));
      after = portion?.after;
    } while (after !== undefined);
    expect(ids).toEqual(['0', '1', '2', '3', '4'].map((id) => `p ${id} theirs`));
  });

  it('visits each master of a cluster, and refuses to go on at others than it began with', async () => {
    const first = await cluster(['b', 'a']).scan?.();
    expect(first?.entries.map(({ partition }) => partition)).toEqual(['a']);
    const second = await cluster(['a', 'b']).scan?.({ after: first?.after });
    expect(second?.entries.map(({ partition }) => partition)).toEqual(['b']);
    expect(second).not.toHaveProperty('after');
    for (const names of [['a', 'restarted'], ['a', 'b', 'new'], ['b']]) {
      await expect(cluster(names).scan?.({ after: first?.after })).rejects.toThrow('begin anew');
    }
  });
});
