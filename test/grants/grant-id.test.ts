import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGrantIds, grantKey, vaultKey } from '../../src/grants/grant-id.js';

const ids = createGrantIds(() => Promise.resolve(Buffer.alloc(32, 1)), randomBytes);
const elsewhere = createGrantIds(() => Promise.resolve(Buffer.alloc(32, 2)), randomBytes);
const create = () => ids.create('https://upstream.example', 'alice');

describe('a grant id', () => {
  it('has the form that credentials carry, and no name in it', async () => {
    const id = await create();
    expect(id).toMatch(/^[\w-]{22}\.[\w-]{22}\.[\w-]{11}$/);
    expect(id).not.toContain('alice');
  });

  it('keeps a user together, and different users and different issuers apart', async () => {
    const users: [string, string][] = [
      ['https://upstream.example', 'alice'],
      ['https://upstream.example', 'alic'],
      ['https://upstream.examplea', 'lice'],
      ['https://other.example', 'alice'],
    ];
    const tags = await Promise.all(users.map(async (user) => (await ids.create(...user)).split('.')[0]));
    expect(new Set(tags).size).toBe(users.length);
    expect((await create()).split('.')[0]).toBe(tags[0]);
    expect((await elsewhere.create('https://upstream.example', 'alice')).split('.')[0]).not.toBe(tags[0]);
  });

  it('is never made twice', async () => {
    const all = await Promise.all(Array.from({ length: 100 }, create));
    expect(new Set(all).size).toBe(100);
  });

  it('is recognised here, and nowhere else', async () => {
    const id = await create();
    expect(await ids.isOurs(id)).toBe(true);
    expect(await elsewhere.isOurs(id)).toBe(false);
  });

  it('is refused when any character of it was changed, and so is any other text', async () => {
    const id = await create();
    for (let index = 0; index < id.length; index++) {
      const changed = id.slice(0, index) + (id[index] === 'A' ? 'B' : 'A') + id.slice(index + 1);
      expect(await ids.isOurs(changed), changed).toBe(false);
    }
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        expect(await ids.isOurs(text)).toBe(false);
      }),
    );
  });

  it('says where its records are: both with the user, apart from each other', async () => {
    const id = await create();
    const [user, random] = id.split('.');
    expect(grantKey(id)).toEqual({ partition: user, id: `grant.${random}` });
    expect(vaultKey(id)).toEqual({ partition: user, id: `vault.${random}` });
  });
});
