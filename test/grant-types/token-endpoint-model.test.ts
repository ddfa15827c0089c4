import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRun } from './token-endpoint-run.js';
import { steps } from './token-endpoint-steps.js';

it('the token endpoint does what a simple model says, whatever its clients, thieves and operators do', async () => {
  const seen = new Map<string, number>();
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);

  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      // A store in memory never waits: without this, timers and the test runner's messages would wait for all runs.
      await setImmediate();
      const run = createRun(count);
      for (const step of sequence) {
        await run.take(step);
        await run.probe();
      }
    }),
    { seed: 6749, numRuns: 250 },
  );

  // The sequences met everything that there is to meet, and not just once.
  for (const what of [
    ...['first', 'next', 'current', 'none', 'at once', 'for itself'],
    ...['invalid_grant', 'invalid_client', 'invalid_target', 'invalid_scope', 'a replay ends the grant'],
    ...['for itself: invalid_client', 'for itself: invalid_target', 'for itself: unauthorized_client'],
    ...['access token counts', 'access token of an ended grant', 'expired'],
  ]) {
    expect(seen.get(what) ?? 0, what).toBeGreaterThan(10);
  }
}, 120_000);
