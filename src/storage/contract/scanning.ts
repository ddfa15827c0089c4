import assert from 'node:assert/strict';
import { canScan } from '../scanning.js';
import type { Key, Scanned, Store } from '../store.js';
import type { Scene, SceneCases } from './scene.js';

/** Reads the whole store in portions; `between` happens before each but the first. */
async function scanAll(
  store: Store,
  limit: number,
  between: (portion: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<Scanned[]> {
  assert.ok(canScan(store));
  const found: Scanned[] = [];
  let after: string | undefined;
  for (let portion = 0; ; portion++) {
    if (portion > 0) await between(portion);
    const answer = await store.scan({ limit, ...(after !== undefined && { after }) });
    found.push(...answer.entries);
    if (answer.after === undefined) return found;
    after = answer.after;
  }
}

/** Plays a case where the store can be scanned: the verb may be left out. */
function whereScanned(play: (scene: Scene) => Promise<void>): (scene: Scene) => Promise<void> {
  return (scene) => (canScan(scene.store) ? play(scene) : Promise.resolve());
}

/** Of all that a store holds, what a case has put into it. */
function ofCase(found: readonly Scanned[], partition: string): Scanned[] {
  return found.filter((each) => each.partition.startsWith(partition));
}

const placesOf = (keys: readonly Key[]) => [...new Set(keys.map(({ partition, id }) => `${partition}\n${id}`))].sort();

/** A scan shows what is there throughout, whatever else happens. */
export const scanningCases: SceneCases = {
  'scans every record of every partition, where it can scan': whereScanned(async ({ store, partition, put }) => {
    const partitions = ['', '{}', '}x{', ' %25/', ':r:', "'\\*"].map((end) => partition + end);
    const written: (Key & { value: string; version: string })[] = [];
    for (const each of partitions) {
      for (const id of ['grant.a', 'b}:r:{c', ' ', '%41', '-']) {
        const value = `${each} ${id} ä€😀`;
        written.push({ partition: each, id, value, version: await put({ partition: each, id }, value) });
      }
    }
    const found = new Map(ofCase(await scanAll(store, 100), partition).map((each) => [placesOf([each])[0], each]));
    assert.deepEqual([...found.keys()].sort(), placesOf(written));
    for (const each of written) assert.deepEqual({ ...found.get(placesOf([each])[0]) }, each);
  }),

  'scans in portions, and comes to an end, where it can scan': whereScanned(async ({ store, partition, put }) => {
    const keys = Array.from({ length: 37 }, (_, index) => ({
      partition: `${partition}${index % 7}`,
      id: `id${index}`,
    }));
    await Promise.all(keys.map((each) => put(each)));
    for (const limit of [1, 5, 37, 1000]) {
      assert.deepEqual(placesOf(ofCase(await scanAll(store, limit), partition)), placesOf(keys));
    }
  }),

  'scans no record that was removed or has expired, where it can scan': whereScanned(async (scene) => {
    const { store, partition, key, put } = scene;
    for (const id of ['kept', 'removed', 'dying']) await put(key(id), 'value', id === 'dying' ? scene.in(2) : 'never');
    await store.delete(key('removed'));
    await scene.pass(2);
    assert.deepEqual(placesOf(ofCase(await scanAll(store, 100), partition)), placesOf([key('kept')]));
  }),

  'shows what is there throughout while others write and remove, where it can scan': whereScanned(async (scene) => {
    const { store, other, partition, put } = scene;
    const named = (kind: string) =>
      Array.from({ length: 30 }, (_, index) => ({ partition: `${partition}${index % 5}`, id: `${kind}${index}` }));
    const [kept, going] = [named('m'), named('n')];
    for (const each of [...kept, ...going]) await put(each);
    const found = await scanAll(store, 7, async (portion) => {
      if (portion > 30) return;
      const [rewritten, removed] = [kept[portion % 30], going[portion - 1]];
      for (const id of [`a${portion}`, `z${portion}`]) {
        await other.set({ partition, id }, 'new', { version: scene.version(), expiresAt: 'never' });
      }
      if (rewritten) await other.set(rewritten, 'again', { version: scene.version(), expiresAt: 'never' });
      if (removed) await other.delete(removed);
    });
    const seen = new Set(placesOf(found));
    assert.deepEqual(
      placesOf(kept).filter((each) => !seen.has(each)),
      [],
    );
  }),

  'does not scan once it is closed': whereScanned(async ({ store }) => {
    await store.close();
    await assert.rejects(async () => canScan(store) && (await store.scan()));
  }),
};
