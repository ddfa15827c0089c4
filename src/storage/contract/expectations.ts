import assert from 'node:assert/strict';
import type { SceneCases } from './scene.js';

/** A write or removal with an expectation happens if it holds, and otherwise changes nothing. */
export const expectationCases: SceneCases = {
  "writes only where there is no record when told expect: 'absent'": async ({ store, key, version }) => {
    const first = version();
    const options = { expiresAt: 'never', expect: 'absent' } as const;
    assert.equal(await store.set(key(), 'first', { ...options, version: first }), true);
    assert.equal(await store.set(key(), 'second', { ...options, version: version() }), false);
    assert.deepEqual({ ...(await store.get(key())) }, { value: 'first', version: first });
  },

  'writes over the version that it expects': async ({ store, key, put, version }) => {
    const expect = await put(key(), 'old');
    const newVersion = version();
    assert.equal(await store.set(key(), 'new', { version: newVersion, expiresAt: 'never', expect }), true);
    assert.deepEqual({ ...(await store.get(key())) }, { value: 'new', version: newVersion });
  },

  'leaves value and version alone when it expects another version': async ({ store, key, put, version }) => {
    const current = await put(key(), 'value');
    const options = { version: version(), expiresAt: 'never', expect: version() } as const;
    assert.equal(await store.set(key(), 'other', options), false);
    assert.deepEqual({ ...(await store.get(key())) }, { value: 'value', version: current });
  },

  'writes nothing where it expects a version and there is no record': async ({ store, partition, key, version }) => {
    const options = { version: version(), expiresAt: 'never', expect: version() } as const;
    assert.equal(await store.set(key(), 'value', options), false);
    assert.equal(await store.get(key()), undefined);
    assert.deepEqual(await store.list(partition), []);
  },

  'does not confuse the expectation with the version of another record': async ({ store, key, put, version }) => {
    const elsewhere = await put(key('elsewhere'));
    await put(key());
    const options = { version: version(), expiresAt: 'never', expect: elsewhere } as const;
    assert.equal(await store.set(key(), 'wrong', options), false);
    assert.equal(await store.delete(key(), { expect: elsewhere }), false);
  },

  'takes a version for spent even when the value has come back': async ({ store, key, put, version }) => {
    const first = await put(key(), 'A');
    await put(key(), 'B');
    await put(key(), 'A');
    assert.equal(await store.set(key(), 'C', { version: version(), expiresAt: 'never', expect: first }), false);
    assert.equal((await store.get(key()))?.value, 'A');
  },

  'lets a writer whose answer was lost recognise its own write': async ({ store, other, key, put, version }) => {
    const expect = await put(key(), 'old');
    const own = version();
    const resent = { version: own, expiresAt: 'never', expect } as const;
    await store.set(key(), 'new', resent);
    assert.equal(await store.set(key(), 'new', resent), false);
    assert.equal((await other.get(key()))?.version, own);
  },

  'lets the one who created a record recognise it when the answer was lost': async ({ store, other, key, version }) => {
    const resent = { version: version(), expiresAt: 'never', expect: 'absent' } as const;
    await store.set(key(), 'new', resent);
    assert.equal(await store.set(key(), 'new', resent), false);
    assert.deepEqual({ ...(await other.get(key())) }, { value: 'new', version: resent.version });
  },

  'changes nothing when a write comes a second time, after somebody has gone on': async (scene) => {
    const { store, other, key, put, version } = scene;
    const expect = await put(key(), 'old');
    const late = { version: version(), expiresAt: 'never', expect } as const;
    await store.set(key(), 'new', late);
    const newest = { version: version(), expiresAt: 'never', expect: late.version } as const;
    assert.equal(await other.set(key(), 'newest', newest), true);
    assert.equal(await store.set(key(), 'new', late), false);
    assert.deepEqual({ ...(await other.get(key())) }, { value: 'newest', version: newest.version });
  },

  'removes a record once': async ({ store, key, put }) => {
    await put(key());
    assert.equal(await store.delete(key()), true);
    assert.equal(await store.delete(key()), false);
    assert.equal(await store.get(key()), undefined);
  },

  'removes nothing where nothing was written': async ({ store, key, version }) => {
    assert.equal(await store.delete(key()), false);
    assert.equal(await store.delete(key(), { expect: version() }), false);
  },

  'removes the version that it expects, and no other': async ({ store, key, put, version }) => {
    const current = await put(key(), 'value');
    assert.equal(await store.delete(key(), { expect: version() }), false);
    assert.deepEqual({ ...(await store.get(key())) }, { value: 'value', version: current });
    assert.equal(await store.delete(key(), { expect: current }), true);
    assert.equal(await store.get(key()), undefined);
  },

  'takes a removed record for absent, and its version for spent': async ({ store, key, put, version }) => {
    const removed = await put(key(), 'old');
    await store.delete(key());
    const options = { version: version(), expiresAt: 'never' } as const;
    assert.equal(await store.set(key(), 'new', { ...options, expect: removed }), false);
    assert.equal(await store.set(key(), 'new', { ...options, expect: 'absent' }), true);
    assert.equal(await store.delete(key(), { expect: removed }), false);
    assert.equal((await store.get(key()))?.value, 'new');
  },
};
