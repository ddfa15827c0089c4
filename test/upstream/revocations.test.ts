import { beforeEach, describe, expect, it } from 'vitest';
import type { LogEntry } from '../../src/telemetry/log.js';
import { AuthError } from '../../src/protocol/auth-error.js';
import { createRevocations, type Revocations } from '../../src/upstream/revocations.js';
import type { Upstream } from '../../src/upstream/upstream.js';
import { key, renewalScene, rotatingProvider, turn } from './renewal-scene.js';

let scene: Awaited<ReturnType<typeof renewalScene>>;
let log: LogEntry[];
let revoked: string[];
let revoke: () => Promise<void>;

function setUp(reachesAll = false, tell: (entry: LogEntry) => void = (entry) => log.push(entry)): Revocations {
  const { upstream } = rotatingProvider(() => 0);
  const provider: Upstream = {
    ...upstream,
    provider: { ...upstream.provider, revocation: { reachesAll } },
    async revoke({ access_token }) {
      revoked.push(access_token);
      await revoke();
    },
  };
  const sleep = (seconds: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, seconds * 10);
      signal?.addEventListener('abort', () => clearTimeout(timer));
    });
  return createRevocations(scene.vault, new Map([['idp', provider]]), tell, sleep);
}

beforeEach(async () => {
  scene = await renewalScene();
  log = [];
  revoked = [];
  revoke = () => Promise.resolve();
});

describe('the tokens of a grant that ends', () => {
  it('are gone at once, and revoked once, however often it ends', async () => {
    const revocations = setUp();
    await Promise.all(Array.from({ length: 20 }, () => revocations.discard(key)));
    expect(await scene.record()).toBeUndefined();
    await revocations.settle();
    expect(revoked).toEqual(['access-0']);
    expect(log).toEqual([]);
  });

  it('stay, and are not revoked, when the store is away', async () => {
    const revocations = setUp();
    scene.store.failOn('delete vault', 'throw before');
    await expect(revocations.discard(key)).rejects.toThrow();
    expect(revoked).toEqual([]);
    await revocations.discard(key);
    await revocations.settle();
    expect(revoked).toEqual(['access-0']);
  });

  it('are left alone while the user has other grants that would end with them', async () => {
    const revocations = setUp(true);
    const other = { ...key, id: 'vault.2' };
    await scene.vault.put(other, { ...scene.session, tokens: { access_token: 'b', token_type: 'bearer' } }, 2e6);
    await revocations.discard(key);
    await revocations.settle();
    expect(revoked).toEqual([]);
    await revocations.discard(other);
    await revocations.settle();
    expect(revoked).toEqual(['b']);
  });

  it('do not hold anybody up whose provider does not answer, and are told of when it fails', async () => {
    const revocations = setUp();
    let fail: (thrown: unknown) => void = () => undefined;
    revoke = () => new Promise((_, reject) => (fail = reject));
    await revocations.discard(key);
    await revocations.settle();
    fail(new AuthError('temporarily_unavailable', 'It is away.', { cause: new Error('canary') }));
    await turn();
    expect(log).toMatchObject([{ level: 'warn', event: 'upstream tokens not revoked', description: 'It is away.' }]);
    expect(JSON.stringify(log)).not.toMatch(/canary|access-0/);
  });

  it('cannot take the process down, not even by a log that throws', async () => {
    const revocations = setUp(false, () => {
      throw new Error('The disk is full.');
    });
    revoke = () => Promise.reject(new Error('no'));
    await revocations.discard(key);
    await expect(revocations.settle()).resolves.toBeUndefined();
  });

  it('of a provider that is not set up any more are just forgotten', async () => {
    const revocations = setUp();
    revocations.begin(key, { ...scene.session, provider: 'gone' });
    await revocations.settle();
    expect([revoked, log]).toEqual([[], []]);
  });
});
