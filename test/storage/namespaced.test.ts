import { describe, expect, it } from 'vitest';
import { storeContract } from '../../src/storage/contract.js';
import { memoryStore } from '../../src/storage/memory.js';
import { namespaced } from '../../src/storage/namespaced.js';

const clock = () => 1000;
const options = { version: 'a', expiresAt: 'never', expect: 'absent' } as const;

describe('a namespace of a store', () => {
  for (const { name, run } of storeContract({
    open: (clock) => namespaced(memoryStore({ clock }), 'https://issuer.example'),
    isolated: true,
  })) {
    it(name, run);
  }

  it('shares no record with another namespace', async () => {
    const inner = memoryStore({ clock });
    const one = namespaced(inner, 'https://one.example');
    const two = namespaced(inner, 'https://two.example');
    const key = { partition: 'keys', id: 'signing' };

    expect(await one.set(key, 'of one', options)).toBe(true);
    expect(await two.get(key)).toBeUndefined();
    expect(await two.list('keys')).toEqual([]);
    expect(await two.delete(key)).toBe(false);
    expect(await two.set(key, 'of two', options)).toBe(true);
    expect((await one.get(key))?.value).toBe('of one');
  });

  it('is not taken for another one that reads the same when joined with the partition', async () => {
    const inner = memoryStore({ clock });
    const parts = ['', 'a', 'a/', '/a', 'a/b', 'b', 'b/c', 'c', '%', '%2F', 'a%2Fb', ':', 'a:b'];
    for (const namespace of parts) {
      for (const partition of parts) {
        expect(await namespaced(inner, namespace).set({ partition, id: 'id' }, '', options)).toBe(true);
      }
    }
  });

  it('closes the store that it belongs to', async () => {
    const inner = memoryStore({ clock });
    await namespaced(inner, 'https://issuer.example').close();
    await expect(inner.get({ partition: 'keys', id: 'signing' })).rejects.toThrow('closed');
  });
});
