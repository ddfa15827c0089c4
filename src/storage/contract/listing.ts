import assert from 'node:assert/strict';
import type { SceneCases } from './scene.js';

/** A list is one partition, in order, in portions. */
export const listingCases: SceneCases = {
  'lists nothing in a partition without records': async ({ store, partition }) => {
    assert.deepEqual(await store.list(partition), []);
  },

  'lists ids with their values and versions': async ({ store, partition, key, put }) => {
    const one = await put(key('1'), 'one');
    const two = await put(key('2'), 'two');
    assert.deepEqual(
      (await store.list(partition)).map((record) => ({ ...record })),
      [
        { id: '1', value: 'one', version: one },
        { id: '2', value: 'two', version: two },
      ],
    );
  },

  'lists in ascending order of bytes, whatever the order of writing': async ({ store, partition, key, put }) => {
    const ascending = ['!', '-a', '1', '10', '2', 'A', 'B', 'Ba', '_', 'a', 'a b', 'a-b', 'aB', 'ab', 'b', '~'];
    for (const id of [...ascending.slice(7), ...ascending.slice(0, 7).reverse()]) await put(key(id));
    assert.deepEqual(
      (await store.list(partition)).map(({ id }) => id),
      ascending,
    );
  },

  'begins behind the given id, whether or not there is such a record': async ({ store, partition, key, put }) => {
    for (const id of ['a', 'c', 'e']) await put(key(id));
    const after = async (id: string) => (await store.list(partition, { after: id })).map((record) => record.id);
    assert.deepEqual(await after('a'), ['c', 'e']);
    assert.deepEqual(await after('b'), ['c', 'e']);
    assert.deepEqual(await after('e'), []);
    assert.deepEqual(await after('z'), []);
  },

  'lists at most as many as it is asked for': async ({ store, partition, key, put }) => {
    for (const id of ['a', 'b', 'c']) await put(key(id));
    const first = async (limit: number) => (await store.list(partition, { limit })).map(({ id }) => id);
    assert.deepEqual(await first(1), ['a']);
    assert.deepEqual(await first(3), ['a', 'b', 'c']);
    assert.deepEqual(await first(4), ['a', 'b', 'c']);
  },

  'lists 100 records when it is not told how many': async ({ store, partition, key, put }) => {
    const ids = Array.from({ length: 101 }, (_, index) => String(1000 + index));
    await Promise.all(ids.map((id) => put(key(id))));
    assert.deepEqual(
      (await store.list(partition)).map(({ id }) => id),
      ids.slice(0, 100),
    );
  },

  'shows every record once when it is read in portions': async ({ store, partition, key, put }) => {
    const ids = Array.from({ length: 23 }, (_, index) => String(1000 + index));
    await Promise.all(ids.map((id) => put(key(id))));
    const seen: string[] = [];
    for (let portions = 0; portions < 6; portions++) {
      const after = seen.at(-1);
      const portion = await store.list(partition, { ...(after !== undefined && { after }), limit: 5 });
      seen.push(...portion.map(({ id }) => id));
    }
    assert.deepEqual(seen, ids);
  },

  'lists no record that was removed, and a rewritten one once': async ({ store, partition, key, put }) => {
    for (const id of ['a', 'b', 'c']) await put(key(id));
    await store.delete(key('b'));
    await put(key('c'), 'again');
    assert.deepEqual(
      (await store.list(partition)).map(({ id, value }) => [id, value]),
      [
        ['a', 'value'],
        ['c', 'again'],
      ],
    );
  },

  'lists no record of a partition that merely looks similar': async ({ store, partition, key, put }) => {
    await put(key('mine'));
    const similar = [
      ...[`${partition}x`, `${partition}:`, `${partition}:mine`, `${partition}*`, `${partition}%`, `x${partition}`],
      ...[partition.slice(0, -1), `${partition.slice(0, -1)}_`, `${partition.slice(0, -1)}?`, partition.toUpperCase()],
      ...[`${partition} `, `${partition}'`, `${partition}\\`],
    ];
    for (const each of similar) await put({ partition: each, id: 'theirs' });
    for (const each of [partition, ...similar]) {
      assert.deepEqual(
        (await store.list(each)).map(({ id }) => id),
        [each === partition ? 'mine' : 'theirs'],
      );
    }
  },
};
