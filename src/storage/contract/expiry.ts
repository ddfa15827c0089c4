import assert from 'node:assert/strict';
import type { Scene, SceneCases } from './scene.js';

const years = 10 * 365 * 24 * 3600;

/** A record that was there and has expired. */
async function expiredRecord({ key, put, pass, in: fromNow }: Scene) {
  const version = await put(key(), 'expired', fromNow(1));
  await pass(1);
  return version;
}

/** An expired record is absent for every verb, and an expiry belongs to the write that set it. */
export const expiryCases: SceneCases = {
  'reads a record until the instant of its expiry, and not from then on': async (scene) => {
    const { store, key, put, pass } = scene;
    await put(key(), 'value', scene.in(2));
    await pass(1);
    assert.equal((await store.get(key()))?.value, 'value');
    await pass(1);
    assert.equal(await store.get(key()), undefined);
  },

  'takes expiresAt for seconds': async (scene) => {
    await scene.put(scene.key('soon'), 'value', scene.in(1.5));
    await scene.put(scene.key('late'), 'value', scene.in(years));
    await scene.pass(2);
    assert.equal(await scene.store.get(scene.key('soon')), undefined);
    assert.notEqual(await scene.store.get(scene.key('late')), undefined);
  },

  'never expires a record that was written to stay': async ({ store, key, put, pass }) => {
    await put(key(), 'value', 'never');
    await pass(2);
    assert.equal((await store.get(key()))?.value, 'value');
  },

  'lists no expired record': async (scene) => {
    await expiredRecord(scene);
    await scene.put(scene.key('other'));
    const listed = await scene.store.list(scene.partition);
    assert.deepEqual(
      listed.map(({ id }) => id),
      ['other'],
    );
  },

  'does not count expired records towards the limit of a list': async (scene) => {
    for (const id of ['1', '2', '3']) await scene.put(scene.key(id), 'value', scene.in(1));
    for (const id of ['4', '5', '6']) await scene.put(scene.key(id));
    await scene.pass(1);
    const listed = await scene.store.list(scene.partition, { limit: 2 });
    assert.deepEqual(
      listed.map(({ id }) => id),
      ['4', '5'],
    );
  },

  'removes no expired record': async (scene) => {
    const expect = await expiredRecord(scene);
    assert.equal(await scene.store.delete(scene.key(), { expect }), false);
    assert.equal(await scene.store.delete(scene.key()), false);
  },

  'takes the version of an expired record for spent': async (scene) => {
    const expect = await expiredRecord(scene);
    const options = { version: scene.version(), expiresAt: 'never', expect } as const;
    assert.equal(await scene.store.set(scene.key(), 'new', options), false);
    assert.equal(await scene.store.get(scene.key()), undefined);
  },

  "writes over an expired record when told expect: 'absent'": async (scene) => {
    await expiredRecord(scene);
    const options = { version: scene.version(), expiresAt: 'never', expect: 'absent' } as const;
    assert.equal(await scene.store.set(scene.key(), 'new', options), true);
    await scene.pass(1);
    assert.deepEqual({ ...(await scene.store.get(scene.key())) }, { value: 'new', version: options.version });
  },

  'writes over an expired record when nothing is expected': async (scene) => {
    await expiredRecord(scene);
    await scene.put(scene.key(), 'new');
    assert.equal((await scene.store.get(scene.key()))?.value, 'new');
  },

  "lifts an expiry when the record is rewritten with 'never'": async (scene) => {
    const expect = await scene.put(scene.key('compared'), 'old', scene.in(1));
    await scene.put(scene.key('blind'), 'old', scene.in(1));
    await scene.store.set(scene.key('compared'), 'new', { version: scene.version(), expiresAt: 'never', expect });
    await scene.put(scene.key('blind'), 'new', 'never');
    await scene.pass(2);
    assert.equal((await scene.store.get(scene.key('compared')))?.value, 'new');
    assert.equal((await scene.store.get(scene.key('blind')))?.value, 'new');
  },

  'sets an expiry when a record that would stay is rewritten with one': async (scene) => {
    const expect = await scene.put(scene.key('compared'), 'old', 'never');
    await scene.put(scene.key('blind'), 'old', 'never');
    await scene.store.set(scene.key('compared'), 'new', { version: scene.version(), expiresAt: scene.in(1), expect });
    await scene.put(scene.key('blind'), 'new', scene.in(1));
    await scene.pass(1);
    assert.deepEqual(await scene.store.list(scene.partition), []);
  },

  'replaces an expiry by a later or an earlier one': async (scene) => {
    await scene.put(scene.key('later'), 'old', scene.in(1));
    await scene.put(scene.key('later'), 'new', scene.in(years));
    await scene.put(scene.key('earlier'), 'old', scene.in(years));
    await scene.put(scene.key('earlier'), 'new', scene.in(1));
    await scene.pass(1);
    assert.equal((await scene.store.get(scene.key('later')))?.value, 'new');
    assert.equal(await scene.store.get(scene.key('earlier')), undefined);
  },

  'leaves the expiry alone when an expectation fails': async (scene) => {
    await scene.put(scene.key('staying'), 'value', 'never');
    await scene.put(scene.key('leaving'), 'value', scene.in(2));
    for (const expect of ['absent', scene.version()]) {
      const options = { version: scene.version(), expect };
      assert.equal(await scene.store.set(scene.key('staying'), 'x', { ...options, expiresAt: scene.in(1) }), false);
      assert.equal(await scene.store.set(scene.key('leaving'), 'x', { ...options, expiresAt: 'never' }), false);
    }
    await scene.pass(2);
    assert.equal((await scene.store.get(scene.key('staying')))?.value, 'value');
    assert.equal(await scene.store.get(scene.key('leaving')), undefined);
  },

  'leaves the expiry alone when a removal fails': async (scene) => {
    await scene.put(scene.key(), 'value', scene.in(1));
    await scene.store.delete(scene.key(), { expect: scene.version() });
    assert.notEqual(await scene.store.get(scene.key()), undefined);
    await scene.pass(1);
    assert.equal(await scene.store.get(scene.key()), undefined);
  },

  'accepts an expiry that has passed, and then shows no record': async (scene) => {
    const options = { version: scene.version(), expiresAt: scene.in(-60) };
    assert.equal(await scene.store.set(scene.key('new'), 'value', options), true);
    const expect = await scene.put(scene.key('old'));
    assert.equal(await scene.store.set(scene.key('old'), 'value', { ...options, expect }), true);
    assert.deepEqual(await scene.store.list(scene.partition), []);
  },
};
