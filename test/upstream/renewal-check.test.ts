import { beforeEach, describe, expect, it } from 'vitest';
import { Refusal } from '../../src/upstream/refusal.js';
import { key, outage, renewalScene, start, tokensOf, tokenTtl, turn } from './renewal-scene.js';

let scene: Awaited<ReturnType<typeof renewalScene>>;
beforeEach(async () => {
  scene = await renewalScene();
  scene.expire();
});

const unavailable = { code: 'temporarily_unavailable' };
const renewedOnce = () => ({ ...scene.session, tokens: tokensOf(1), receivedAt: start + tokenTtl });
const access = (generation: number) => ({ tokens: { access_token: `access-${generation}` } });

describe('new tokens', () => {
  it('are kept, and handed out to nobody, until it is known whose they are', async () => {
    const fresh = scene.newProcess();
    scene.provider.beforeIdentify = () => Promise.reject(outage());
    await expect(fresh(key, 0)).rejects.toMatchObject(unavailable);
    expect(await scene.record()).toMatchObject({ isUnchecked: true, session: { tokens: tokensOf(1) } });
    scene.time.now += 3;
    await expect(fresh(key, 0)).rejects.toMatchObject(unavailable);
    scene.provider.beforeIdentify = () => undefined;
    scene.time.now += 3;
    expect(await fresh(key, 0)).toMatchObject(access(1));
    expect(scene.provider).toMatchObject({ presented: ['refresh-0'], identified: 3 });
    expect(await scene.record()).not.toHaveProperty('isUnchecked');
  });

  it('are checked by another process when the first one died over it', async () => {
    scene.provider.beforeIdentify = () => new Promise(() => undefined);
    void scene.newProcess()(key, 0);
    while (scene.provider.identified === 0) await turn();
    scene.provider.beforeIdentify = () => undefined;
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject(unavailable);
    scene.time.now += 150;
    expect(await scene.newProcess()(key, 0)).toMatchObject(access(1));
    expect(scene.provider).toMatchObject({ presented: ['refresh-0'], identified: 2 });
  });

  it('that have expired before anybody could check them are renewed first', async () => {
    const fresh = scene.newProcess();
    scene.provider.beforeIdentify = () => Promise.reject(outage());
    await expect(fresh(key, 0)).rejects.toMatchObject(unavailable);
    scene.provider.beforeIdentify = () => undefined;
    scene.expire();
    expect(await fresh(key, 0)).toMatchObject(access(2));
    expect(scene.provider).toMatchObject({ presented: ['refresh-0', 'refresh-1'], identified: 2 });
  });

  it('of somebody else are handed out to nobody', async () => {
    scene.provider.subject = 'mallory';
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject(unavailable);
    scene.time.now += 3;
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject(unavailable);
  });

  it('are written although the store fails twice: they exist nowhere else', async () => {
    let writes = 0;
    scene.store.failWhen(({ verb }) => (verb === 'set' && [2, 3].includes(++writes) ? 'throw before' : undefined));
    expect(await scene.newProcess()(key, 0)).toMatchObject(access(1));
    expect((await scene.record())?.session.tokens).toEqual(tokensOf(1));
  });

  it.each(['throw after', 'false after'] as const)(
    'are written once when the answer of the store is lost (%s)',
    async (fault) => {
      scene.store.failWhen(({ verb }) => (verb === 'set' ? fault : undefined));
      expect(await scene.newProcess()(key, 0)).toMatchObject(access(1));
      expect(scene.provider.presented).toEqual(['refresh-0']);
      expect(await scene.record()).toEqual({
        session: renewedOnce(),
        keptUntil: start + 1_000_000,
      });
    },
  );
});

describe('a rule', () => {
  const refusal = new Refusal('Not you.', {});

  it('is asked about the user at each renewal, and its refusal counts', async () => {
    const asked: unknown[] = [];
    const fresh = scene.newProcess((provider, user) => {
      asked.push([provider.id, user.sub]);
      return asked.length > 1 ? Promise.reject(refusal) : Promise.resolve();
    });
    expect(await fresh(key, 0)).toMatchObject(access(1));
    expect(await fresh(key, 0)).toMatchObject(access(1));
    expect(asked).toEqual([['idp', 'alice']]);
    scene.expire();
    await expect(fresh(key, 0)).rejects.toMatchObject({ reason: 'refused', code: 'invalid_grant' });
    scene.time.now += 3;
    // A process that knows the rule asks again, and hands out nothing.
    await expect(fresh(key, 0)).rejects.toMatchObject({ reason: 'refused' });
    expect(scene.provider.presented).toEqual(['refresh-0', 'refresh-1']);
  });

  it('of the provider itself counts as well', async () => {
    scene.provider.beforeIdentify = () => Promise.reject(refusal);
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject({ reason: 'refused' });
  });

  it('that fails refuses nobody for good', async () => {
    const fresh = scene.newProcess(() => Promise.reject(new Error('canary')));
    const fault: unknown = await fresh(key, 0).catch((thrown: unknown) => thrown);
    expect(fault).toMatchObject(unavailable);
    expect(String(fault)).not.toContain('canary');
  });
});

describe('what happens to the record meanwhile', () => {
  it('an extension stays', async () => {
    scene.provider.beforeRefresh = () => scene.vault.extend(key, start + 2_000_000);
    scene.provider.beforeIdentify = () => scene.vault.extend(key, start + 3_000_000);
    expect(await scene.newProcess()(key, 0)).toMatchObject(access(1));
    expect(await scene.record()).toEqual({ session: renewedOnce(), keptUntil: start + 3_000_000 });
    scene.time.now = start + 2_999_999;
    expect(await scene.record()).toBeDefined();
    scene.time.now += 1;
    expect(await scene.record()).toBeUndefined();
  });

  it('a deletion wins, and the new tokens are revoked', async () => {
    scene.provider.afterRefresh = () => scene.vault.take(key);
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject({ reason: 'no vault' });
    expect(await scene.record()).toBeUndefined();
    expect(scene.revoked).toMatchObject([{ tokens: tokensOf(1) }]);
  });

  it('a deletion after the new tokens were written has them, and nobody gets them', async () => {
    let taken: unknown;
    scene.provider.beforeIdentify = async () => {
      taken = await scene.vault.take(key);
    };
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject({ reason: 'no vault' });
    expect(taken).toMatchObject({ tokens: tokensOf(1) });
    expect(scene.revoked).toEqual([]);
  });

  it('a deletion before a refusal is what is told', async () => {
    scene.provider.beforeRefresh = async () => {
      scene.provider.isDead = true;
      await scene.vault.take(key);
    };
    await expect(scene.newProcess()(key, 0)).rejects.toMatchObject({ reason: 'no vault' });
  });
});
