import { beforeEach, describe, expect, it, vi } from 'vitest';
import { parseGrant, type Grant } from '../../src/grants/grant.js';
import { grantKey } from '../../src/grants/grant-id.js';
import { createNoteUse } from '../../src/grants/token-uses.js';
import { createUnusedTokens } from '../../src/grants/unused-tokens.js';
import type { AuditEvent } from '../../src/telemetry/audit.js';
import { grantScene, start } from './scene.js';

const day = 24 * 3600;
const refresh = { generation: 1, kid: 'abcd', superseded: [] };
let scene: ReturnType<typeof grantScene>;
let grant: Grant;
beforeEach(async () => {
  scene = grantScene();
  grant = await scene.newGrant({ refresh, createdAt: start, lastTokenExpiresAt: start + 10 * day });
  await scene.grants.create(grant);
});

const stored = async () => parseGrant((await scene.store.get(grantKey(grant.grantId)))?.value ?? '');
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a use', () => {
  it('is noted at once, and then once a day, however many tokens are presented', async () => {
    const find = vi.spyOn(scene.grants, 'change');
    const noteUse = createNoteUse(scene.grants, scene.clock);
    const present = async () => {
      for (let count = 0; count < 50; count++) noteUse((await stored()) ?? grant);
      await settled();
    };
    await present();
    expect((await stored())?.usedAt).toBe(start);
    scene.time.now += day - 1;
    await present();
    expect(find).toHaveBeenCalledTimes(1);
    scene.time.now += 1;
    await present();
    expect((await stored())?.usedAt).toBe(start + day);
    expect(find).toHaveBeenCalledTimes(2);
  });

  it('that cannot be written harms nobody, is left alone for a minute, and is noted then', async () => {
    const noteUse = createNoteUse(scene.grants, scene.clock);
    const change = vi.spyOn(scene.grants, 'change');
    scene.store.failWhen(() => 'throw before');
    for (let count = 0; count < 10; count++) noteUse(grant);
    await settled();
    expect(change).toHaveBeenCalledTimes(1);
    scene.store.heal();
    scene.time.now += 60;
    noteUse(grant);
    await settled();
    expect((await stored())?.usedAt).toBe(start + 60);
  });

  it('takes nothing back that is written meanwhile, and revives no grant that has ended', async () => {
    const noteUse = createNoteUse(scene.grants, scene.clock);
    noteUse(grant);
    await scene.grants.end(grant.grantId, 'revoked', {});
    createNoteUse(scene.grants, scene.clock)(grant);
    await settled();
    expect((await stored())?.ended).toEqual({ at: start, because: 'revoked' });
    expect(await scene.isAlive(grant.grantId)).toBe(false);
  });

  it('is not known of a grant of before, which can be read all the same', () => {
    const { usedAt, ...before } = { ...grant, usedAt: undefined };
    expect(usedAt).toBeUndefined();
    expect(parseGrant(JSON.stringify({ format: 1, ...before }))).toMatchObject({ grantId: grant.grantId });
    expect(parseGrant(JSON.stringify({ format: 1, ...grant, usedAt: 'yesterday' }))).toBeUndefined();
  });
});

describe('looking for tokens that nobody uses', () => {
  let timers: { readonly seconds: number; readonly act: () => void }[];
  let events: AuditEvent[];
  beforeEach(() => {
    timers = [];
    events = [];
  });
  const watcher = (isSeen = true) =>
    createUnusedTokens({
      grants: scene.grants,
      describe: about,
      isSeen: () => isSeen,
      unusedTokenTtl: 300,
      later(seconds, act) {
        const timer = { seconds, act };
        timers.push(timer);
        return () => (timers = timers.filter((each) => each !== timer));
      },
      clock: scene.clock,
      audit: (event) => events.push(event),
    });
  const pass = async (seconds: number) => {
    scene.time.now += seconds;
    for (const { act } of timers.splice(0)) act();
    await settled();
  };
  const about = (each: Grant) => ({
    grantId: each.grantId,
    clientId: 'client',
    resource: 'https://a.example',
    scopes: [],
  });

  it('needs one timer for all, looks when it is time, and tells of each once', async () => {
    const unused = watcher();
    const other = await scene.newGrant({ refresh, lastTokenExpiresAt: start + day });
    await scene.grants.create(other);
    unused.watch(about(grant), { requestId: 'one' });
    scene.time.now += 100;
    unused.watch(about(other), { requestId: 'two' });
    expect(timers.map(({ seconds }) => seconds)).toEqual([300]);
    await pass(200);
    expect(events).toEqual([{ event: 'access_token.unused', requestId: 'one', ...about(grant) }]);
    expect(timers.map(({ seconds }) => seconds)).toEqual([100]);
    await pass(100);
    expect(events).toHaveLength(2);
    expect(timers).toEqual([]);
  });

  it('finds what another process has noted', async () => {
    watcher().watch(about(grant), {});
    createNoteUse(scene.grants, scene.clock)(grant);
    await settled();
    await pass(300);
    expect(events).toEqual([]);
  });

  it('says nothing where the store cannot be asked, where nobody sees, and once it was stopped', async () => {
    const unused = watcher();
    unused.watch(about(grant), {});
    scene.store.failWhen(() => 'throw before');
    await pass(300);
    scene.store.heal();
    watcher(false).watch(about(grant), {});
    await pass(300);
    unused.watch(about(grant), {});
    unused.stop();
    expect(timers).toEqual([]);
    expect(events).toEqual([]);
  });
});
