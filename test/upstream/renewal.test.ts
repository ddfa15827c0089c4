import { beforeEach, describe, expect, it } from 'vitest';
import { AuthError } from '../../src/protocol/auth-error.js';
import { key, outage, renewalScene, start, tokensOf, tokenTtl } from './renewal-scene.js';

let scene: Awaited<ReturnType<typeof renewalScene>>;
beforeEach(async () => {
  scene = await renewalScene();
});

const unavailable = { code: 'temporarily_unavailable' };
const access = (generation: number) => ({ tokens: { access_token: `access-${generation}` } });

describe('tokens', () => {
  it('are handed out as they are while they live long enough', async () => {
    const fresh = scene.newProcess();
    expect(await fresh(key, 60)).toEqual(scene.session);
    scene.time.now = start + tokenTtl - 61;
    expect(await fresh(key, 60)).toEqual(scene.session);
    scene.time.now += 1;
    expect(await fresh(key, 0)).toEqual(scene.session);
    expect(scene.provider.presented).toEqual([]);
    expect(await fresh(key, 60)).toMatchObject(access(1));
  });

  it('are renewed once they have expired, and only then, for somebody who needs them at once', async () => {
    const fresh = scene.newProcess();
    scene.time.now = start + tokenTtl - 1;
    expect(await fresh(key, 0)).toMatchObject(access(0));
    scene.time.now += 1;
    const renewed = { ...scene.session, tokens: tokensOf(1), receivedAt: start + tokenTtl };
    expect(await fresh(key, 0)).toEqual(renewed);
    expect(await scene.record()).toEqual({ session: renewed, keptUntil: start + 1_000_000 });
    expect(await fresh(key, 0)).toEqual(renewed);
    expect(scene.provider).toMatchObject({ presented: ['refresh-0'], identified: 1 });
  });

  it('that never live as long as is asked for are renewed when half of their life is over', async () => {
    const fresh = scene.newProcess();
    scene.time.now = start + tokenTtl / 2 - 1;
    expect(await fresh(key, 1_000_000)).toMatchObject(access(0));
    scene.time.now += 1;
    expect(await fresh(key, 1_000_000)).toMatchObject(access(1));
    expect(await fresh(key, 1_000_000)).toMatchObject(access(1));
  });

  it('that live for an unknown time are not renewed', async () => {
    scene = await renewalScene({ tokens: { ...tokensOf(0), expires_in: undefined } });
    scene.time.now += 900_000;
    expect(await scene.newProcess()(key, 60)).toMatchObject(access(0));
  });

  it('without a refresh token are good until they expire, and lost then', async () => {
    scene = await renewalScene({ tokens: { ...tokensOf(0), refresh_token: undefined } });
    const fresh = scene.newProcess();
    scene.time.now += tokenTtl - 1;
    expect(await fresh(key, 600)).toMatchObject(access(0));
    scene.time.now += 1;
    await expect(fresh(key, 600)).rejects.toMatchObject({ reason: 'expired', code: 'invalid_grant' });
  });

  it('that are not there, or cannot be opened, are told apart', async () => {
    const fresh = scene.newProcess();
    await scene.store.set(key, 'damaged', { version: 'x', expiresAt: 'never' });
    await expect(fresh(key, 0)).rejects.toMatchObject({ reason: 'no vault' });
    await scene.store.delete(key);
    await expect(fresh(key, 0)).rejects.toMatchObject({ reason: 'no vault' });
  });

  it('of a provider that is not set up any more are kept', async () => {
    scene = await renewalScene({ provider: 'gone' });
    scene.expire();
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject(unavailable);
    expect((await scene.record())?.lease).toBeUndefined();
  });
});

describe('many callers at once', () => {
  it('in one process are one question to the provider, and one to the store', async () => {
    const fresh = scene.newProcess();
    scene.expire();
    scene.store.operations.length = 0;
    const sessions = await Promise.all(Array.from({ length: 50 }, () => fresh(key, 0)));
    expect(new Set(sessions.map(({ tokens }) => tokens.access_token))).toEqual(new Set(['access-1']));
    expect(scene.provider).toMatchObject({ presented: ['refresh-0'], identified: 1 });
    expect(scene.store.operations).toEqual(['get vault', 'set vault', 'set vault', 'set vault']);
  });

  it('in ten processes are one question to the provider', async () => {
    const processes = Array.from({ length: 10 }, () => scene.newProcess());
    scene.expire();
    const callers = processes.flatMap((fresh) => [0, 1, 2, 3, 4].map((minimumTtl) => fresh(key, minimumTtl)));
    const sessions = await Promise.all(callers);
    expect(new Set(sessions.map(({ tokens }) => tokens.access_token))).toEqual(new Set(['access-1']));
    expect(scene.provider).toMatchObject({ presented: ['refresh-0'], identified: 1, isDead: false });
  });

  it('all hear of a refusal, and of an outage', async () => {
    const processes = Array.from({ length: 10 }, () => scene.newProcess());
    scene.expire();
    scene.provider.beforeRefresh = () => Promise.reject(outage());
    for (const each of await Promise.allSettled(processes.map((fresh) => fresh(key, 0)))) {
      expect(each).toMatchObject({ status: 'rejected', reason: unavailable });
    }
    expect(scene.provider.presented).toHaveLength(1);
  });
});

describe('the lease', () => {
  /** A process that dies while the provider is at work. */
  async function leaveALease(ahead = 0) {
    scene.expire();
    scene.provider.beforeRefresh = () => new Promise(() => undefined);
    void scene.newProcess(undefined, ahead)(key, 0);
    while (scene.provider.presented.length === 0) await new Promise((resolve) => setImmediate(resolve));
    scene.provider.beforeRefresh = () => undefined;
  }

  it('of a process that died holds the others off, whose patience ends, and can be taken over when it has run out', async () => {
    await leaveALease();
    const fresh = scene.newProcess();
    await expect(fresh(key, 0)).rejects.toMatchObject(unavailable);
    expect(scene.slept()).toBeGreaterThan(14);
    expect(scene.slept()).toBeLessThan(17);
    scene.time.now += 149;
    await expect(fresh(key, 0)).rejects.toMatchObject(unavailable);
    expect(scene.provider.presented).toHaveLength(1);
    scene.time.now += 1;
    expect(await fresh(key, 0)).toMatchObject(access(1));
    expect(scene.provider.presented).toEqual(['refresh-0', 'refresh-0']);
  });

  it('counts also where the clock is behind that of whoever took it', async () => {
    await leaveALease(50);
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject(unavailable);
    expect(scene.provider.presented).toHaveLength(1);
  });

  it('does not count for ever when the clock was put back by an hour', async () => {
    await leaveALease(3600);
    expect(await scene.newProcess()(key, 0)).toMatchObject(access(1));
  });

  it('that somebody else has by now is no reason to drop tokens for which the refresh token was spent', async () => {
    scene.expire();
    const other = { id: 'other', at: scene.time.now };
    scene.provider.afterRefresh = async () => {
      const held = await scene.vault.read(key);
      if (held) await scene.vault.replace(key, held, { ...held.record, lease: other });
    };
    expect(await scene.newProcess()(key, 0)).toMatchObject(access(1));
    expect((await scene.record())?.session.tokens).toEqual(tokensOf(1));
  });
});

describe('a refusal of the provider', () => {
  it('is final, and told apart from everything else', async () => {
    scene.provider.isDead = true;
    scene.expire();
    const fault = await scene
      .newProcess()(key, 0)
      .catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject({ reason: 'signed out', code: 'invalid_grant' });
    expect(fault).toBeInstanceOf(AuthError);
  });

  it('is not final when somebody else has renewed the tokens meanwhile', async () => {
    scene.expire();
    const theirs = { ...scene.session, tokens: tokensOf(7), receivedAt: scene.time.now };
    scene.provider.beforeRefresh = async () => {
      scene.provider.isDead = true;
      const held = await scene.vault.read(key);
      if (held) await scene.vault.replace(key, held, { session: theirs, keptUntil: held.record.keptUntil });
    };
    expect(await scene.newProcess()(key, 0)).toMatchObject(access(7));
    expect(scene.provider.presented).toHaveLength(1);
  });

  it('is not final while somebody else is at it', async () => {
    scene.expire();
    scene.provider.beforeRefresh = async () => {
      scene.provider.isDead = true;
      const held = await scene.vault.read(key);
      const lease = { id: 'other', at: scene.time.now };
      if (held) await scene.vault.replace(key, held, { ...held.record, lease });
    };
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject(unavailable);
    expect((await scene.record())?.lease?.id).toBe('other');
    expect(scene.provider.presented).toHaveLength(1);
  });
});

describe('an outage', () => {
  it('is followed by a short pause, in which nobody asks, and costs nothing', async () => {
    scene.expire();
    scene.provider.beforeRefresh = () => Promise.reject(outage());
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject(unavailable);
    scene.provider.beforeRefresh = () => undefined;
    scene.time.now += 2;
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject(unavailable);
    expect(scene.provider.presented).toHaveLength(1);
    expect(scene.slept()).toBe(0);
    scene.time.now += 1;
    expect(await scene.newProcess()(key, 0)).toMatchObject(access(1));
    expect(await scene.record()).not.toHaveProperty('failedAt');
  });

  it('that swallows the answer leads to another attempt, whose refusal counts', async () => {
    scene.expire();
    scene.provider.afterRefresh = () => Promise.reject(outage());
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject(unavailable);
    scene.time.now += 3;
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject({ reason: 'signed out' });
    expect(scene.provider.presented).toEqual(['refresh-0', 'refresh-0']);
  });
});
