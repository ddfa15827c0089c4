import { beforeEach, describe, expect, it } from 'vitest';
import { FetchFault } from '../../src/clients/fetch-fault.js';
import { remoteKeys } from '../../src/clients/remote-keys.js';
import { ecKeyPair } from '../support/assertion.js';

const uri = 'https://app.example/jwks';
const first = { keys: [ecKeyPair('first').jwk] };
const second = { keys: [ecKeyPair('second').jwk] };

let now: number;
let published: unknown;
let asked: string[];
beforeEach(() => {
  now = 1_800_000_000;
  published = first;
  asked = [];
});

const fetchKeys = async (from: string): Promise<unknown> => {
  asked.push(from);
  await Promise.resolve();
  if (published instanceof Error) throw published;
  return published;
};
const newKeys = () => remoteKeys(uri, fetchKeys, () => now);
const kids = (keys: readonly { kid: string | undefined }[] | undefined) => keys?.map(({ kid }) => kid);
const unavailable = { code: 'temporarily_unavailable', message: "The client's keys cannot be fetched." };

describe('the keys at a jwks_uri', () => {
  it('are fetched when they are first needed, once for all who wait, and kept for ten minutes', async () => {
    const keys = newKeys();
    expect(asked).toEqual([]);
    const all = await Promise.all(Array.from({ length: 50 }, () => keys.current()));
    expect(new Set(all).size).toBe(1);
    expect(kids(all[0])).toEqual(['first']);
    now += 599;
    await keys.current();
    expect(asked).toEqual([uri]);
    published = second;
    now += 1;
    expect(kids(await keys.current())).toEqual(['second']);
    expect(asked).toHaveLength(2);
  });

  it('are tried again at once when this server itself had no time for them', async () => {
    const keys = newKeys();
    published = new FetchFault('BUSY');
    await expect(keys.current()).rejects.toMatchObject(unavailable);
    published = first;
    expect(kids(await keys.current())).toEqual(['first']);
  });

  it('are fetched again at once when none of them fits, and then there is a pause', async () => {
    const keys = newKeys();
    const tried = await keys.current();
    published = second;
    now += 1;
    const renewed = await keys.renewed(tried);
    expect(kids(renewed)).toEqual(['second']);
    // A stranger with invented names cannot make this server ask again and again.
    for (let attempt = 0; attempt < 50; attempt++) expect(await keys.renewed(renewed ?? [])).toBeUndefined();
    expect(asked).toHaveLength(2);
    published = first;
    now += 30;
    expect(kids(await keys.renewed(renewed ?? []))).toEqual(['first']);
  });

  it('are fetched once for fifty who find at once that none fits, and all get the new ones', async () => {
    const keys = newKeys();
    const tried = await keys.current();
    published = second;
    const all = await Promise.all(Array.from({ length: 50 }, () => keys.renewed(tried)));
    for (const each of all) expect(kids(each)).toEqual(['second']);
    expect(asked).toHaveLength(2);
    // And who comes late with the old ones.
    now += 31;
    expect(kids(await keys.renewed(tried))).toEqual(['second']);
    expect(asked).toHaveLength(2);
  });

  it('are unavailable, and nobody is told otherwise, while they cannot be fetched', async () => {
    published = new Error('ECONNREFUSED 10.0.0.1');
    const keys = newKeys();
    await expect(keys.current()).rejects.toMatchObject({ ...unavailable, cause: published });
    await expect(keys.current()).rejects.toMatchObject(unavailable);
    expect(asked).toHaveLength(1);
    published = first;
    now += 30;
    expect(kids(await keys.current())).toEqual(['first']);
  });

  it('still serve for a day when they cannot be fetched again, but refuse nobody on their word', async () => {
    const keys = newKeys();
    const tried = await keys.current();
    published = new Error('away');
    now += 3600;
    expect(await keys.current()).toBe(tried);
    await expect(keys.renewed(tried)).rejects.toMatchObject(unavailable);
    expect(asked).toHaveLength(2);
    now += 24 * 3600;
    await expect(keys.current()).rejects.toMatchObject(unavailable);
  });

  it('survive a fetch that fails before it begins', async () => {
    let isBroken = true;
    const keys = remoteKeys(
      uri,
      (from) => {
        if (isBroken) throw new Error('at once');
        return fetchKeys(from);
      },
      () => now,
    );
    await expect(keys.current()).rejects.toMatchObject(unavailable);
    isBroken = false;
    now += 30;
    expect(kids(await keys.current())).toEqual(['first']);
  });

  it.each([[null], ['<html>'], [{}], [{ keys: 'x' }], [[]]])('are not in %j', async (document) => {
    published = document;
    await expect(newKeys().current()).rejects.toMatchObject(unavailable);
  });
});
