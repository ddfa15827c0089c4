import { AuthError } from '../protocol/auth-error.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { Clock } from '../storage/clock.js';
import type { Sealing } from '../keys/sealing.js';
import type { Key, Store } from '../storage/store.js';
import type { Transaction } from './transaction.js';

/** What is needed to come back from the provider: made once, and never shown to a browser. */
export interface ProviderLeg {
  readonly provider: string;
  readonly codeVerifier: string;
  readonly nonce: string;
}

/** How the user's answer to one transaction stands. */
export type SignIn =
  | { readonly status: 'pending'; readonly transaction: Transaction; readonly leg: ProviderLeg }
  | { readonly status: 'denied' }
  | { readonly status: 'finished' };

/** A sign-in that was approved, and has not come back yet. */
export type PendingSignIn = Extract<SignIn, { status: 'pending' }>;

/** The records of answered transactions. Each form is answered once, each sign-in is finished once. */
export interface SignIns {
  /** Reads how a transaction stands; undefined when it was not answered, or is over. */
  find(id: string): Promise<SignIn | undefined>;
  /** Records an approval, unless there was an answer before; tells how the transaction stands now. */
  approve(transaction: Transaction, provider: string): Promise<SignIn>;
  /** Records a denial, also over a pending approval; true for exactly one caller. */
  deny(transaction: Transaction): Promise<boolean>;
  /** Finishes a pending sign-in; true for exactly one caller. */
  finish(id: string): Promise<boolean>;
}

const purpose = 'seal sign-in';

/**
 * Keeps the answers in the store, sealed.
 *
 * @param signInTtl - seconds from an approval to the end of the sign-in; never less than a form lives, so that a
 *   form's answer is remembered for as long as the form could be sent again
 */
export function createSignIns(
  store: Store,
  sealing: Sealing,
  randomness: Randomness,
  clock: Clock,
  signInTtl: number,
): SignIns {
  const keyOf = (id: string): Key => ({ partition: id, id: 'sign-in' });
  const isId = (id: string) => /^[\w-]{22}$/.test(id);

  function write(id: string, signIn: SignIn, expiresAt: number, expect: string): Promise<boolean> {
    const value = sealing.seal(purpose, id, JSON.stringify({ ...signIn, expiresAt }));
    return store.set(keyOf(id), value, { version: randomText(randomness), expiresAt, expect });
  }

  async function read(id: string) {
    const entry = isId(id) ? await store.get(keyOf(id)) : undefined;
    const text = entry && sealing.open(purpose, id, entry.value);
    if (entry === undefined || text === undefined) return undefined;
    return { signIn: JSON.parse(text) as SignIn & { expiresAt: number }, version: entry.version };
  }

  return {
    find: async (id) => (await read(id))?.signIn,

    async approve(transaction, provider) {
      const leg = { provider, codeVerifier: randomText(randomness, 32), nonce: randomText(randomness) };
      const pending = { status: 'pending', transaction, leg } as const;
      if (await write(transaction.id, pending, Math.ceil(clock() + signInTtl), 'absent')) return pending;
      const earlier = await read(transaction.id);
      if (!earlier) throw new AuthError('invalid_request', 'The request has expired.');
      return earlier.signIn;
    },

    async deny({ id, expiresAt }) {
      const denied = { status: 'denied' } as const;
      if (await write(id, denied, expiresAt, 'absent')) return true;
      const earlier = await read(id);
      if (earlier?.signIn.status !== 'pending') return false;
      return write(id, denied, earlier.signIn.expiresAt, earlier.version);
    },

    async finish(id) {
      const found = await read(id);
      if (found?.signIn.status !== 'pending') return false;
      return write(id, { status: 'finished' }, found.signIn.expiresAt, found.version);
    },
  };
}
