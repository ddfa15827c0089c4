import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { createSignIns, type SignIn, type SignIns } from '../../src/flow/sign-in.js';
import { memoryStore } from '../../src/storage/memory.js';
import { faultyStore, type FaultyStore } from '../faults/faulty-store.js';
import { newTransaction, sealingOf, secrets, start } from './scene.js';

const ttl = 600;
let now: number;
let store: FaultyStore;
let signIns: SignIns;
const signInsWith = (...list: [string, ...string[]]) =>
  createSignIns(store, sealingOf(list), randomBytes, () => now, ttl);

beforeEach(() => {
  now = start;
  store = faultyStore(memoryStore({ clock: () => now }));
  signIns = signInsWith(secrets[0]);
});

/** Finishes a transaction as the browser does that comes back, with the provider's `state`. */
const finish = async (transactionId: string, by = signIns) => {
  const found = await by.find(transactionId);
  if (found?.status !== 'pending') return false;
  const { signIn } = await by.findByState(found.leg.state);
  return signIn?.status === 'pending' && by.finish(signIn);
};

const transaction = newTransaction();
const { id } = transaction;
const keyOf = (each: string) => ({ partition: each, id: 'sign-in' });

describe('a sign-in', () => {
  it('is pending after the approval, with a leg of its own', async () => {
    const approved = await signIns.approve(transaction, 'provider');
    expect(approved).toMatchObject({ status: 'pending', transaction, leg: { provider: 'provider' } });
    expect(await signIns.find(id)).toMatchObject(approved);
    const other = await signIns.approve(newTransaction(), 'provider');
    const legs = [approved, other].map((each) => (each.status === 'pending' ? each.leg : undefined));
    expect(legs[0]?.codeVerifier).toMatch(/^[\w-]{43}$/);
    expect(legs[0]?.codeVerifier).not.toBe(legs[1]?.codeVerifier);
    expect(legs[0]?.nonce).not.toBe(legs[1]?.nonce);
  });

  it('is sealed in the store', async () => {
    const approved = await signIns.approve(transaction, 'provider');
    const { value = '' } = (await store.get(keyOf(id))) ?? {};
    if (approved.status !== 'pending') throw new Error('unreachable');
    for (const text of [value, Buffer.from(value.slice(5), 'base64url').toString('latin1')]) {
      expect(text).not.toContain(approved.leg.codeVerifier);
      expect(text).not.toContain(transaction.clientId);
    }
  });

  it('opens under its own id only', async () => {
    await signIns.approve(transaction, 'provider');
    const other = newTransaction().id;
    const { value = '' } = (await store.get(keyOf(id))) ?? {};
    await store.set(keyOf(other), value, { version: 'a', expiresAt: 'never' });
    expect(await signIns.find(other)).toBeUndefined();
  });

  it('is over ten minutes after the approval', async () => {
    await signIns.approve(transaction, 'provider');
    now += ttl - 1;
    expect((await signIns.find(id))?.status).toBe('pending');
    now += 1;
    expect(await signIns.find(id)).toBeUndefined();
    expect(await finish(id)).toBe(false);
  });

  it('is approved once, however many approvals arrive at once: all go the same way', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => signIns.approve(transaction, 'provider')));
    expect(new Set(all.map((each) => (each.status === 'pending' ? each.leg.nonce : each.status))).size).toBe(1);
    expect(all[0]?.status).toBe('pending');
  });

  it('goes the way that was chosen last, and the earlier one leads nowhere', async () => {
    const first = await signIns.approve(transaction, 'one');
    if (first.status !== 'pending') throw new Error('unreachable');
    const { signIn: ofFirst } = await signIns.findByState(first.leg.state);
    const second = await signIns.approve(transaction, 'other');
    if (second.status !== 'pending') throw new Error('unreachable');
    const { signIn: ofSecond } = await signIns.findByState(second.leg.state);
    if (ofFirst?.status !== 'pending' || ofSecond?.status !== 'pending') throw new Error('unreachable');
    expect(second.leg.provider).toBe('other');
    expect((await signIns.findByState(first.leg.state)).signIn).toBeUndefined();
    expect(ofSecond).toMatchObject(second);
    expect(await signIns.finish(ofFirst)).toBe(false);
    expect(await signIns.finish(ofSecond)).toBe(true);
  });

  it('is denied by exactly one of fifty', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => signIns.deny(transaction)));
    expect(all.filter(Boolean)).toHaveLength(1);
    expect(await signIns.find(id)).toMatchObject({ status: 'denied' });
  });

  it('is answered in one sense when approvals and denials race', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        index % 2 ? signIns.deny(transaction) : signIns.approve(transaction, 'provider'),
      ),
    );
    const status = (await signIns.find(id))?.status;
    const denials = answers.filter((answer) => answer === true);
    expect(status).toBe('denied');
    expect(denials).toHaveLength(1);
    expect(await finish(id)).toBe(false);
    expect((await signIns.approve(transaction, 'provider')).status).toBe('denied');
  });

  it('can be denied while it is pending, which ends it', async () => {
    await signIns.approve(transaction, 'provider');
    expect(await signIns.deny(transaction)).toBe(true);
    expect(await finish(id)).toBe(false);
    expect(await signIns.deny(transaction)).toBe(false);
  });

  it('is finished by exactly one of fifty, and then stays so', async () => {
    await signIns.approve(transaction, 'provider');
    const all = await Promise.all(Array.from({ length: 50 }, () => finish(id)));
    expect(all.filter(Boolean)).toHaveLength(1);
    expect(await signIns.find(id)).toMatchObject({ status: 'finished' });
    expect(await signIns.deny(transaction)).toBe(false);
    expect((await signIns.approve(transaction, 'provider')).status).toBe('finished');
  });

  it('is either finished or denied, never both', async () => {
    for (let round = 0; round < 20; round++) {
      const each = newTransaction();
      await signIns.approve(each, 'provider');
      const outcomes = await Promise.all([
        ...Array.from({ length: 10 }, () => finish(each.id)),
        ...Array.from({ length: 10 }, () => signIns.deny(each)),
      ]);
      expect(outcomes.filter(Boolean)).toHaveLength(1);
    }
  });

  it('is not finished before it was approved', async () => {
    expect((await signIns.findByState(`${id}.none`)).signIn).toBeUndefined();
    expect(store.operations).toEqual(['get sign-in']);
  });

  it('keeps nothing of the provider leg and of the user’s request once it is finished', async () => {
    await signIns.approve(transaction, 'provider');
    await finish(id);
    expect(Object.keys((await signIns.find(id)) as SignIn).sort()).toEqual(['expiresAt', 'status', 'version']);
  });

  it('is remembered when finished or denied for as long as the form could be sent again', async () => {
    const [finished, denied] = [newTransaction(), newTransaction()];
    await signIns.approve(finished, 'provider');
    await finish(finished.id);
    await signIns.deny(denied);
    now = transaction.expiresAt - 1;
    expect((await signIns.find(finished.id))?.status).toBe('finished');
    expect((await signIns.find(denied.id))?.status).toBe('denied');
  });

  it('survives a rotation of the secret while the user signs in', async () => {
    await signIns.approve(transaction, 'provider');
    expect(await finish(id, signInsWith(secrets[1], secrets[0]))).toBe(true);
  });

  it.each(['', 'garbage', '{"status":"pending"}', '{"__proto__":{"status":"pending"}}', 'null'])(
    'is absent when its record holds %j',
    async (value) => {
      await store.set(keyOf(id), value, { version: 'a', expiresAt: 'never' });
      expect(await signIns.find(id)).toBeUndefined();
      expect(await finish(id)).toBe(false);
      await expect(signIns.approve(transaction, 'provider')).rejects.toMatchObject({ code: 'invalid_request' });
    },
  );
});

it.each([
  '',
  'short',
  `${id}x`,
  id.slice(1),
  ` ${id.slice(1)}`,
  `${id}\n`,
  '../../../etc/passwd\0\0\0',
  '*'.repeat(22),
  "' OR 1=1 --           ",
  'é'.repeat(22),
  '__proto__',
])('an id of an odd shape never reaches the store: %j', async (odd) => {
  expect(await signIns.find(odd)).toBeUndefined();
  expect((await signIns.findByState(`${odd}.x`)).signIn).toBeUndefined();
  expect(store.operations).toEqual([]);
});

it.each([
  ['approve', (id: string) => signIns.approve(newTransaction({ id }), 'provider')],
  ['deny', (id: string) => signIns.deny(newTransaction({ id }))],
] as const)('a fault of the store comes through to who wants to %s, and nothing was answered', async (_, act) => {
  store.failAlways('throw before');
  await expect(act(id)).rejects.toThrow('ECONNREFUSED');
  store.heal();
  expect(await signIns.find(id)).toBeUndefined();
});

it('a fault of the store while finishing leaves the sign-in pending', async () => {
  await signIns.approve(transaction, 'provider');
  store.failOn('set sign-in', 'throw before');
  await expect(finish(id)).rejects.toThrow('ECONNREFUSED');
  store.heal();
  expect(await finish(id)).toBe(true);
});
