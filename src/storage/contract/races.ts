import assert from 'node:assert/strict';
import type { Store } from '../store.js';
import type { Scene, SceneCases } from './scene.js';

const callers = 50;

/** Lets callers loose at the same moment, on both connections in turn, and answers which of them succeeded. */
async function winners({ store, other }: Scene, attempt: (store: Store, caller: number) => Promise<boolean>) {
  const outcomes = await Promise.all(
    Array.from({ length: callers }, (_, caller) => attempt(caller % 2 === 0 ? store : other, caller)),
  );
  return outcomes.flatMap((succeeded, caller) => (succeeded ? [caller] : []));
}

/** Of many callers at the same moment exactly one succeeds. */
export const raceCases: SceneCases = {
  "lets one of 50 callers win who expect: 'absent'": async (scene) => {
    const { store, other, key, version } = scene;
    const options = { expiresAt: 'never', expect: 'absent' } as const;
    const won = await winners(scene, (at, caller) =>
      at.set(key(), `caller ${caller}`, { ...options, version: version() }),
    );
    assert.equal(won.length, 1);
    assert.equal((await store.get(key()))?.value, `caller ${won[0]}`);
    assert.equal((await other.get(key()))?.value, `caller ${won[0]}`);
  },

  'lets one of 50 callers create a record where one has expired': async (scene) => {
    const { store, key, put, pass, version } = scene;
    await put(key(), 'expired', scene.in(1));
    await pass(1);
    const options = { expiresAt: 'never', expect: 'absent' } as const;
    const won = await winners(scene, (at, caller) =>
      at.set(key(), `caller ${caller}`, { ...options, version: version() }),
    );
    assert.equal(won.length, 1);
    assert.equal((await store.get(key()))?.value, `caller ${won[0]}`);
  },

  'lets one of 50 callers win who expect the same version': async (scene) => {
    const { store, key, put, version } = scene;
    const expect = await put(key());
    const won = await winners(scene, (at, caller) =>
      at.set(key(), `caller ${caller}`, { version: version(), expiresAt: 'never', expect }),
    );
    assert.equal(won.length, 1);
    assert.equal((await store.get(key()))?.value, `caller ${won[0]}`);
  },

  'answers true to one of 50 callers who remove a record': async (scene) => {
    await scene.put(scene.key());
    assert.equal((await winners(scene, (at) => at.delete(scene.key()))).length, 1);
    assert.equal(await scene.store.get(scene.key()), undefined);
  },

  'answers true to one of 50 callers who remove the version they expect': async (scene) => {
    const expect = await scene.put(scene.key());
    assert.equal((await winners(scene, (at) => at.delete(scene.key(), { expect }))).length, 1);
    assert.equal(await scene.store.get(scene.key()), undefined);
  },

  'lets one of 50 callers win when some rewrite and some remove what they expect': async (scene) => {
    const { store, key, put, version } = scene;
    for (let round = 0; round < 5; round++) {
      const expect = await put(key(), 'before');
      const removes = (caller: number) => caller % 3 === 0;
      const won = await winners(scene, (at, caller) =>
        removes(caller)
          ? at.delete(key(), { expect })
          : at.set(key(), `caller ${caller}`, { version: version(), expiresAt: 'never', expect }),
      );
      const [winner] = won;
      assert.ok(won.length === 1 && winner !== undefined);
      assert.equal((await store.get(key()))?.value, removes(winner) ? undefined : `caller ${winner}`);
    }
  },

  'loses no step of a counter that all callers advance': async (scene) => {
    const { store, key, put, version } = scene;
    await put(key(), '0');
    // Whoever fails does so because another one succeeded, which happens no more often than there are callers.
    async function advance(at: Store, attempts: number): Promise<boolean> {
      const entry = await at.get(key());
      assert.ok(entry);
      const options = { version: version(), expiresAt: 'never', expect: entry.version } as const;
      return (
        (await at.set(key(), String(Number(entry.value) + 1), options)) || (attempts > 1 && advance(at, attempts - 1))
      );
    }
    assert.equal((await winners(scene, (at) => advance(at, callers))).length, callers);
    assert.equal((await store.get(key()))?.value, String(callers));
  },

  'leaves one whole record when callers overwrite each other': async (scene) => {
    const { store, key } = scene;
    const won = await winners(scene, (at, caller) =>
      at.set(key(), `value ${caller}`, { version: `version ${caller}`, expiresAt: 'never' }),
    );
    assert.equal(won.length, callers);
    const entry = await store.get(key());
    assert.match(entry?.value ?? '', /^value \d+$/);
    assert.equal(entry?.version, entry?.value.replace('value', 'version'));
  },

  'keeps what 50 callers write into one partition at the same moment': async (scene) => {
    const { store, partition, key, version } = scene;
    await winners(scene, (at, caller) =>
      at.set(key(String(100 + caller)), `caller ${caller}`, { version: version(), expiresAt: 'never' }),
    );
    assert.deepEqual(
      (await store.list(partition)).map(({ id, value }) => [id, value]),
      Array.from({ length: callers }, (_, caller) => [String(100 + caller), `caller ${caller}`]),
    );
  },
};
