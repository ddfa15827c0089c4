import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callResource, refresh, type Answer } from '../support/client.js';
import type { Fault } from './faulty-store.js';
import { expectUnavailable, faultScene } from './scene.js';

let scene: Awaited<ReturnType<typeof faultScene>>;
beforeEach(async () => {
  scene = await faultScene();
});
afterEach(() => scene.close());

const faults: Fault[] = ['throw before', 'throw after', 'late'];
const tokenOf = ({ body }: Answer) => String(body['refresh_token']);
const callWith = ({ body }: Answer) => callResource(scene.gatehouse.mcpUrl, String(body['access_token']));

describe('a fault of the store while a code is redeemed', () => {
  it.each(faults)('at any one operation costs nothing but time (%s)', async (fault) => {
    let refused = 0;
    let position = 0;
    for (let reached = true; reached;) {
      position += 1;
      const { client, redeem } = await scene.codeScene();
      // Another instance: its keys are not read yet.
      await scene.gatehouse.restart();
      scene.store.failAt(position, fault);
      const first = await redeem();
      reached = scene.store.operations.length >= position;
      scene.store.heal();
      if (first.status !== 200) {
        refused += 1;
        expectUnavailable(first);
        expect(Object.keys(first.body)).not.toContain('access_token');
      }
      const good = first.status === 200 ? first : await redeem();
      expect(good.status, `at operation ${position}`).toBe(200);
      expect((await callWith(good)).status).toBe(200);
      expect((await refresh(scene.issuer, client, tokenOf(good))).status).toBe(200);
    }
    expect(refused).toBeGreaterThan(2);
    expect(position).toBeGreaterThan(5);
  });

  it('that lasts does not consume the code', async () => {
    const { redeem } = await scene.codeScene();
    for (const operation of ['get grant', 'set vault', 'set grant']) {
      scene.store.failWhen(({ verb, record }) => (`${verb} ${record}` === operation ? 'throw before' : undefined));
      expectUnavailable(await redeem());
    }
    scene.store.heal();
    expect((await redeem()).status).toBe(200);
  });

  it('that hides whether the code was consumed issues nothing; the lost code is then refused, and its grant ended', async () => {
    const { redeem } = await scene.codeScene();
    let written = false;
    scene.store.failWhen(({ verb, record }) => {
      if (written) return 'throw before';
      written = verb === 'set' && record === 'grant';
      return written ? 'throw after' : undefined;
    });
    expectUnavailable(await redeem());
    scene.store.heal();
    expect(await redeem()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('that makes it blind fails closed, and changes nothing', async () => {
    const { redeem } = await scene.codeScene();
    scene.store.failOn('get grant', 'nothing');
    expect(await redeem()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    scene.store.heal();
    expect((await redeem()).status).toBe(200);
  });

  it('under fifty parallel requests never lets a code count twice', async () => {
    const { redeem } = await scene.codeScene();
    let count = 0;
    const kinds = ['throw after', 'throw before', 'false after', undefined, undefined] as const;
    scene.store.failWhen(() => kinds[count++ % kinds.length]);
    const answers = await Promise.all(Array.from({ length: 50 }, redeem));
    scene.store.heal();
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    for (const { status } of answers) expect([200, 400, 503]).toContain(status);
  });
});

describe('a fault of the store while a token is refreshed', () => {
  it.each([...faults, 'false after' as const])('at any one operation costs nothing but time (%s)', async (fault) => {
    const { client, redeem } = await scene.codeScene();
    let current = tokenOf(await redeem());
    let position = 0;
    let refused = 0;
    for (let reached = true; reached;) {
      position += 1;
      await scene.gatehouse.restart();
      scene.store.failAt(position, fault);
      const first = await refresh(scene.issuer, client, current);
      reached = scene.store.operations.length >= position;
      scene.store.heal();
      // A read that finds nothing is no fault that could be told from the truth; it fails closed.
      if (fault === 'false after' && first.status === 400) {
        expect(first.body['error']).toBe('invalid_grant');
      } else if (first.status !== 200) {
        refused += 1;
        expectUnavailable(first);
      }
      const again = await refresh(scene.issuer, client, current);
      expect(again.status, `at operation ${position}`).toBe(200);
      // Never two live successors.
      if (first.status === 200) expect(tokenOf(again)).toBe(tokenOf(first));
      current = tokenOf(again);
      expect((await callWith(again)).status).toBe(200);
    }
    if (fault !== 'false after') expect(refused).toBeGreaterThan(1);
    expect(position).toBeGreaterThan(3);
  });

  it('that hides whether it was rotated costs nothing either: the old token still gets the current one', async () => {
    const { client, redeem } = await scene.codeScene();
    const first = tokenOf(await redeem());
    let written = false;
    scene.store.failWhen(({ verb, record }) => {
      if (written) return 'throw before';
      written = verb === 'set' && record === 'grant';
      return written ? 'throw after' : undefined;
    });
    expectUnavailable(await refresh(scene.issuer, client, first));
    scene.store.heal();
    const again = await refresh(scene.issuer, client, first);
    expect(again.status).toBe(200);
    expect((await refresh(scene.issuer, client, tokenOf(again))).status).toBe(200);
  });

  it('while a replay ends the grant is told, and the replay ends it the next time', async () => {
    const { client, redeem } = await scene.codeScene();
    const ancient = tokenOf(await redeem());
    const current = tokenOf(await refresh(scene.issuer, client, ancient));
    scene.advance(181);
    scene.store.failWhen(({ verb }) => (verb === 'set' ? 'throw before' : undefined));
    expectUnavailable(await refresh(scene.issuer, client, ancient));
    scene.store.heal();
    expect(await refresh(scene.issuer, client, ancient)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect((await refresh(scene.issuer, client, current)).status).toBe(400);
  });

  it('while the upstream tokens of a replayed grant are deleted does not keep the grant alive', async () => {
    const { client, redeem } = await scene.codeScene();
    const ancient = tokenOf(await redeem());
    const current = await refresh(scene.issuer, client, ancient);
    scene.advance(181);
    scene.store.failOn('delete vault', 'throw before');
    expectUnavailable(await refresh(scene.issuer, client, ancient));
    expect(scene.store.operations).toContain('delete vault');
    scene.store.heal();
    expect((await refresh(scene.issuer, client, tokenOf(current))).status).toBe(400);
    expect((await callWith(current)).status).toBe(401);
  });
});

describe('a fault of the store while a tool is called', () => {
  it('closes the door without sending the client back to the start, and opens it again by itself', async () => {
    const { redeem } = await scene.codeScene();
    const tokens = await redeem();
    expect((await callWith(tokens)).status).toBe(200);
    scene.store.failAlways('throw before');
    const response = await callWith(tokens);
    expectUnavailable({
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    });
    // A challenge would make the client throw its tokens away.
    expect(response.headers.get('www-authenticate')).toBeNull();
    scene.store.heal();
    expect((await callWith(tokens)).status).toBe(200);
  });

  it('fails closed when the grant cannot be seen', async () => {
    const { redeem } = await scene.codeScene();
    const tokens = await redeem();
    scene.store.failAlways('nothing');
    expect((await callWith(tokens)).status).toBe(401);
    scene.store.heal();
    expect((await callWith(tokens)).status).toBe(200);
  });

  it('closes the door of an instance that has not read its keys yet', async () => {
    const { redeem } = await scene.codeScene();
    const tokens = await redeem();
    await scene.gatehouse.restart();
    scene.store.failAlways('throw before');
    expect((await callWith(tokens)).status).toBe(503);
    scene.store.heal();
    expect((await callWith(tokens)).status).toBe(200);
  });

  it('never takes a forged token for a fault', async () => {
    await scene.gatehouse.gate.ready();
    scene.store.failAlways('throw before');
    expect((await callResource(scene.gatehouse.mcpUrl, 'a.b.c')).status).toBe(401);
    expect((await callResource(scene.gatehouse.mcpUrl, undefined)).status).toBe(401);
  });
});
