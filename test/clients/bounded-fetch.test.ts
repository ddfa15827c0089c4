import { beforeEach, describe, expect, it } from 'vitest';
import { createAllowance } from '../../src/clients/allowance.js';
import { bounded } from '../../src/clients/bounded-fetch.js';
import type { FetchedDocument } from '../../src/clients/guarded-fetch.js';
import { RecentMap } from '../../src/clients/recent-map.js';

const limits = { maxBytes: 1, timeout: 1 };
const fetched: FetchedDocument = { document: {}, freshTtl: 1, mayBeKept: true };

let now: number;
beforeEach(() => (now = 1000));

describe('what can be fetched', () => {
  /** Counts what gets through; `hold` lets nothing finish. */
  function scene(hold = false) {
    let passed = 0;
    const fetch = bounded(
      () => {
        passed += 1;
        return hold ? new Promise<FetchedDocument>(() => undefined) : Promise.resolve(fetched);
      },
      () => now,
    );
    const tryOne = (url: string) =>
      fetch(url, limits).then(
        () => undefined,
        (fault: unknown) => fault,
      );
    return { tryOne, passed: () => passed };
  }

  it('from many hosts is bounded in all, and comes back with time', async () => {
    const { tryOne, passed } = scene();
    for (let i = 0; i < 1000; i++) await tryOne(`https://host${i}.example/`);
    expect(passed()).toBe(100);
    expect(await tryOne('https://another.example/')).toMatchObject({ name: 'FetchFault', code: 'BUSY', isBusy: true });
    now += 60;
    for (let i = 0; i < 1000; i++) await tryOne(`https://host${i}.example/`);
    expect(passed()).toBe(200);
  });

  it('from one host is bounded, and leaves the others what they need', async () => {
    const { tryOne, passed } = scene();
    for (let i = 0; i < 1000; i++) await tryOne(`https://one.example/${i}`);
    expect(passed()).toBe(30);
    expect(await tryOne('https://another.example/')).toBeUndefined();
    now += 10;
    for (let i = 0; i < 1000; i++) await tryOne(`https://one.example/${i}`);
    expect(passed()).toBe(41);
  });

  it('at the same time is bounded, in all and from one host', async () => {
    const { tryOne, passed } = scene(true);
    for (let i = 0; i < 20; i++) void tryOne(`https://one.example/${i}`);
    expect(passed()).toBe(8);
    for (let i = 0; i < 50; i++) void tryOne(`https://host${i}.example/`);
    expect(passed()).toBe(32);
    await expect(tryOne('https://another.example/')).resolves.toMatchObject({ code: 'BUSY' });
  });

  it('is not used up by what fails', async () => {
    const fetch = bounded(
      () => Promise.reject(new Error('away')),
      () => now,
    );
    for (let i = 0; i < 25; i++) await expect(fetch(`https://one.example/`, limits)).rejects.toThrow('away');
  });
});

describe('an allowance', () => {
  it('gives a burst, then what comes back', () => {
    const allowance = createAllowance({ burst: 3, perMinute: 60 }, () => now);
    const take = (n: number) => Array.from({ length: n }, allowance).filter(Boolean).length;
    expect(take(10)).toBe(3);
    now += 2;
    expect(take(10)).toBe(2);
    now += 3600;
    expect(take(10)).toBe(3);
    now -= 7200;
    expect(take(10)).toBe(0);
    now += 1;
    expect(take(10)).toBe(1);
  });
});

it('a map of what was used lately forgets what was not', () => {
  const map = new RecentMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.get('a');
  map.set('c', 3);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
});
