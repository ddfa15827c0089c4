import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refresh, type Answer } from '../support/client.js';
import type { Fault } from './faulty-store.js';
import { expectUnavailable, faultScene } from './scene.js';

let scene: Awaited<ReturnType<typeof faultScene>>;
beforeEach(async () => {
  scene = await faultScene();
});
afterEach(() => scene.close());

const tokenOf = ({ body }: Answer) => String(body['refresh_token']);

describe("a fault of the store while the provider's tokens are renewed", () => {
  // The provider rotates its refresh tokens: one that was lost here would be missed at the next renewal.
  it.each<Fault>(['throw before', 'throw after', 'late', 'false after'])(
    'at any one operation costs nothing but time (%s)',
    async (fault) => {
      const { client, redeem } = await scene.codeScene();
      let current = tokenOf(await redeem());
      let position = 0;
      for (let reached = true; reached;) {
        position += 1;
        scene.advance(3601);
        scene.store.failAt(position, fault);
        const first = await refresh(scene.issuer, client, current);
        reached = scene.store.operations.length >= position;
        scene.store.heal();
        if (fault === 'false after' && first.status === 400) expect(first.body['error']).toBe('invalid_grant');
        else if (first.status !== 200) expectUnavailable(first);
        // A lease that nobody knows of runs out.
        scene.advance(first.status === 200 ? 0 : 150);
        const again = await refresh(scene.issuer, client, first.status === 200 ? tokenOf(first) : current);
        expect(again.status, `at operation ${position}`).toBe(200);
        current = tokenOf(again);
      }
      expect(position).toBeGreaterThan(6);
    },
  );

  it('that lasts from the answer of the provider on asks the client to try again', async () => {
    const { client, redeem } = await scene.codeScene();
    const current = tokenOf(await redeem());
    scene.advance(3601);
    let writes = 0;
    scene.store.failWhen(({ verb }) => (verb === 'set' && ++writes > 1 ? 'throw before' : undefined));
    expectUnavailable(await refresh(scene.issuer, client, current));
    scene.store.heal();
  });
});
