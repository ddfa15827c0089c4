import assert from 'node:assert/strict';
import type { SceneCases } from './scene.js';

const awkwardTexts = {
  'an empty value': '',
  'a value of 200 KB': 'ünï-'.repeat(40_000),
  'a value of 2 MB': 'ünï-'.repeat(400_000),
  'a value that begins with a space, and one number after the other': ' 1 2 never 3 ',
  'letters of many scripts, emoji and combining characters': 'zażółć 漢字 עברית 👩‍👩‍👧‍👦 e\u0301 \u{10FFFF}',
  'a byte order mark, and characters that are not characters': '\uFEFFvalue\uFEFF\uFFFE\uFFFD',
  'quotes, backslashes and placeholders': `'"\`\\\\ ' OR 1=1; -- $1 ? :id @id %s %00 \\u0000 {{}}`,
  'control characters and all kinds of line breaks': '\u0001\u001B[0m\u007F\t\r\n\n\r\u2028\u2029 ',
  'text that looks like a number': '0012.50e3',
  'text that looks like JSON': '{"__proto__":{"polluted":true},"a":null}',
  'the word null': 'null',
} as const;

const awkwardIds = [
  ...[
    'a',
    'A',
    'a ',
    ' a',
    'aa',
    'a:b',
    'a/b',
    'a.b',
    'a,b',
    'a|b',
    'a\\b',
    'a*',
    'a%',
    'a_',
    'a?',
    '*',
    '%',
    '_',
    '?',
  ],
  ...["'", '"', '`', "a'b", 'a"b', 'a;--', '[a]', '{a}', '(a)', '$a', '#a', '0', '00', '1', '1.0', '1e0', '-', '~'],
  ...['null', 'undefined', 'true', '__proto__', 'constructor', 'toString', 'x'.repeat(512)],
];

/** What is written is what is read. */
export const valueCases: SceneCases = {
  'reads nothing where nothing was written': async ({ store, key }) => {
    assert.equal(await store.get(key()), undefined);
  },

  'reads the value and the version that were written, and no more': async ({ store, key, put }) => {
    const version = await put(key(), 'value');
    assert.deepEqual({ ...(await store.get(key())) }, { value: 'value', version });
  },

  'overwrites what is there when nothing is expected': async ({ store, key, put, version }) => {
    await put(key(), 'old');
    const newVersion = version();
    assert.equal(await store.set(key(), 'new', { version: newVersion, expiresAt: 'never' }), true);
    assert.deepEqual({ ...(await store.get(key())) }, { value: 'new', version: newVersion });
  },

  ...Object.fromEntries(
    Object.entries(awkwardTexts).map(([name, text]) => [
      `keeps ${name} as it is`,
      async ({ store, partition, key, put }) => {
        const version = await put(key(), text);
        assert.deepEqual({ ...(await store.get(key())) }, { value: text, version });
        assert.deepEqual(
          (await store.list(partition)).map(({ value }) => value),
          [text],
        );
      },
    ]) satisfies [string, SceneCases[string]][],
  ),

  'keeps a version that looks like a number as it is': async ({ store, key }) => {
    await store.set(key(), 'old', { version: '0012.50e3', expiresAt: 'never' });
    assert.equal((await store.get(key()))?.version, '0012.50e3');
    const options = { version: '12500', expiresAt: 'never' } as const;
    assert.equal(await store.set(key(), 'wrong', { ...options, expect: '12500' }), false);
    assert.equal(await store.set(key(), 'new', { ...options, expect: '0012.50e3' }), true);
  },

  'tells ids apart, whatever characters they are made of': async ({ store, key, put }) => {
    for (const id of awkwardIds) await put(key(id), `value of ${id}`);
    for (const id of awkwardIds) assert.equal((await store.get(key(id)))?.value, `value of ${id}`);
  },

  'removes one id only, whatever characters it is made of': async ({ store, partition, key, put }) => {
    for (const id of awkwardIds) await put(key(id));
    for (const [removed, id] of awkwardIds.entries()) {
      assert.equal(await store.delete(key(id)), true);
      assert.equal((await store.list(partition)).length, awkwardIds.length - removed - 1);
    }
  },

  'tells apart keys whose partition and id read the same when joined': async ({ store, partition, put }) => {
    const separators = [':', '/', '.', '|', '_', '-', ''];
    for (const separator of separators) {
      const one = { partition, id: `b${separator}c` };
      const other = { partition: `${partition}${separator}b`, id: 'c' };
      await put(one, 'one');
      await put(other, 'other');
      assert.equal((await store.get(one))?.value, 'one');
      assert.equal((await store.get(other))?.value, 'other');
      await store.delete(other);
      assert.equal((await store.get(one))?.value, 'one');
    }
  },

  'tells partitions apart, whatever characters they are made of': async ({ store, partition, put }) => {
    const awkward = [...awkwardIds.slice(0, -1), '}', '{', '{}', '}{', '{a}b', '{a}c', 'a}', '%7B', '%', '%25'];
    const partitions = [...new Set(awkward)].flatMap((each) => [`${partition}${each}`, `${each}${partition}`]);
    for (const each of partitions) await put({ partition: each, id: 'id' }, `value in ${each}`);
    for (const each of partitions) {
      assert.equal((await store.get({ partition: each, id: 'id' }))?.value, `value in ${each}`);
      assert.equal((await store.list(each)).length, 1);
      assert.equal(await store.delete({ partition: each, id: 'id' }), true);
    }
  },

  'shows to one connection at once what another was told is written': async ({ store, other, key, version }) => {
    for (let round = 0; round < 10; round++) {
      const written = version();
      await store.set(key(), `round ${round}`, { version: written, expiresAt: 'never' });
      assert.deepEqual({ ...(await other.get(key())) }, { value: `round ${round}`, version: written });
      await other.delete(key());
      assert.equal(await store.get(key()), undefined);
    }
  },
};
