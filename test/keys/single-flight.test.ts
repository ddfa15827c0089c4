import { expect, it } from 'vitest';
import { once } from '../../src/keys/single-flight.js';

it('runs once for all who wait, and keeps the success', async () => {
  let runs = 0;
  const load = once(() => Promise.resolve(++runs));
  expect(await Promise.all(Array.from({ length: 50 }, load))).toEqual(Array(50).fill(1));
  expect(await load()).toBe(1);
  expect(runs).toBe(1);
});

it('tells a failure to all who waited for it, and tries again for the next one', async () => {
  let runs = 0;
  const load = once(() => (++runs === 1 ? Promise.reject(new Error('away')) : Promise.resolve(runs)));
  const settled = await Promise.allSettled(Array.from({ length: 20 }, load));
  expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
  expect(runs).toBe(1);
  expect(await Promise.all([load(), load()])).toEqual([2, 2]);
});
