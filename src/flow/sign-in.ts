import { AuthError } from '../protocol/auth-error.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { Clock } from '../storage/clock.js';
import { secretsEqual } from '../keys/mac.js';
import type { SealPurpose, Sealing } from '../keys/sealing.js';
import type { Key, Store, Version } from '../storage/store.js';
import { writeOnce } from '../storage/write-once.js';
import type { SignedIn } from './issue-code.js';
import type { Transaction } from './transaction.js';

/** What is needed to come back from the provider: made once for each hand-off. */
export interface ProviderLeg {
  readonly provider: string;
  /** The `state` that the provider sees: the transaction's id, and something that is this hand-off's own. */
  readonly state: string;
  readonly codeVerifier: string;
  readonly nonce: string;
}

/** What a sign-in is about, as far as its record has to know: a {@link Transaction}, or less. */
export type SignInSubject = Pick<Transaction, 'id' | 'expiresAt'>;

/** How the user's answer to one transaction stands. */
export type SignIn<T = Transaction> =
  | { readonly status: 'pending'; readonly transaction: T; readonly leg: ProviderLeg }
  /** The user has signed in, and has to approve yet. */
  | { readonly status: 'signed in'; readonly signedIn: SignedIn }
  | { readonly status: 'denied' }
  | { readonly status: 'finished' };

/** A sign-in that was approved, and has not come back yet. */
export type PendingSignIn<T = Transaction> = Extract<SignIn<T>, { status: 'pending' }>;

/** What was read of a record beside the sign-in: what it takes to write over exactly that. */
interface AsRead {
  readonly expiresAt: number;
  readonly version: Version;
}

/** A pending sign-in that a browser has come back to, as its record was read. */
export type ReturnedSignIn<T = Transaction> = PendingSignIn<T> & AsRead;

/** The records of answered transactions. Each form is answered once, each sign-in is finished once. */
export interface SignIns<T = Transaction> {
  /** Reads how a transaction stands; undefined when it was not answered, or is over. */
  find(id: string): Promise<SignIn<T> | undefined>;
  /** Finds the sign-in that a provider's `state` belongs to. */
  findByState(state: string): Promise<{ readonly id: string; readonly signIn: (SignIn<T> & AsRead) | undefined }>;
  /**
   * Records an approval, unless there was an answer before; tells how the transaction stands now.
   *
   * While the sign-in is pending, the same provider leads the same way again, and another one takes its place.
   */
  approve(transaction: T, provider: string): Promise<SignIn<T>>;
  /** Keeps a user who has signed in until a transaction is answered. */
  hold(transaction: T, signedIn: SignedIn): Promise<void>;
  /** Finishes a transaction of a user who has signed in, and answers who that is to exactly one caller. */
  release(id: string): Promise<SignedIn | undefined>;
  /** Records a denial, also over a pending approval; true for exactly one caller. */
  deny(transaction: T): Promise<boolean>;
  /** Finishes a pending sign-in, if nothing has become of it since it was found; true for exactly one caller. */
  finish(signIn: ReturnedSignIn<T>): Promise<boolean>;
}

/** What keeps sign-ins of different kinds apart: a state of one kind is never found among another. */
export interface SignInKind {
  /** Names the records. */
  readonly record: string;
  readonly purpose: SealPurpose;
  /** Begins every `state` that a provider sees. */
  readonly prefix: string;
}

/** The sign-ins that a client waits for. */
const ofClients: SignInKind = { record: 'sign-in', purpose: 'seal sign-in', prefix: '' };

/**
 * Keeps the answers in the store, sealed.
 *
 * @param signInTtl - seconds from an approval to the end of the sign-in; never less than a form lives, so that a
 *   form's answer is remembered for as long as the form could be sent again
 */
export function createSignIns<T extends SignInSubject = Transaction>(
  store: Store,
  sealing: Sealing,
  randomness: Randomness,
  clock: Clock,
  signInTtl: number,
  { record, purpose, prefix }: SignInKind = ofClients,
): SignIns<T> {
  const keyOf = (id: string): Key => ({ partition: id, id: record });
  const idOf = (state: string) => (state.startsWith(prefix) ? (state.slice(prefix.length).split('.')[0] ?? '') : '');
  const isId = (id: string) => /^[\w-]{22}$/.test(id);

  function write(id: string, signIn: SignIn<T>, expiresAt: number, expect: string): Promise<boolean> {
    const value = sealing.seal(purpose, id, JSON.stringify({ expiresAt, ...signIn }));
    return writeOnce(store, keyOf(id), value, { version: randomText(randomness), expiresAt, expect });
  }

  async function read(id: string): Promise<(SignIn<T> & AsRead) | undefined> {
    const entry = isId(id) ? await store.get(keyOf(id)) : undefined;
    const text = entry && sealing.open(purpose, id, entry.value);
    if (entry === undefined || text === undefined) return undefined;
    const signIn = JSON.parse(text) as SignIn<T> & { readonly expiresAt: number };
    // Sealed in, so that a database put back to an earlier state revives nothing.
    return signIn.expiresAt > clock() ? Object.assign(signIn, { version: entry.version }) : undefined;
  }

  return {
    find: read,

    async findByState(state) {
      const id = idOf(state);
      const signIn = await read(id);
      // A hand-off that another one has taken the place of leads nowhere.
      const isOver = signIn?.status === 'pending' && !secretsEqual(signIn.leg.state, state);
      return { id, signIn: isOver ? undefined : signIn };
    },

    async approve(transaction, provider) {
      const { id } = transaction;
      const leg = {
        provider,
        state: `${prefix}${id}.${randomText(randomness)}`,
        codeVerifier: randomText(randomness, 32),
        nonce: randomText(randomness),
      };
      const pending = { status: 'pending', transaction, leg } as const;
      const expiresAt = Math.ceil(clock() + signInTtl);
      if (await write(id, pending, expiresAt, 'absent')) return pending;
      const earlier = await read(id);
      if (!earlier) throw new AuthError('invalid_request', 'The request has expired.', { topic: 'expired' });
      if (earlier.status !== 'pending' || earlier.leg.provider === provider) return earlier;
      return (await write(id, pending, expiresAt, earlier.version)) ? pending : ((await read(id)) ?? earlier);
    },

    async hold({ id, expiresAt }, signedIn) {
      const isNew = await write(id, { status: 'signed in', signedIn }, expiresAt, 'absent');
      if (!isNew) throw new AuthError('server_error', 'The sign-in could not be kept.');
    },

    async release(id) {
      const found = await read(id);
      if (found?.status !== 'signed in') return undefined;
      const isFirst = await write(id, { status: 'finished' }, found.expiresAt, found.version);
      return isFirst ? found.signedIn : undefined;
    },

    async deny({ id, expiresAt }) {
      const denied = { status: 'denied' } as const;
      if (await write(id, denied, expiresAt, 'absent')) return true;
      const earlier = await read(id);
      if (earlier?.status !== 'pending' && earlier?.status !== 'signed in') return false;
      return write(id, denied, earlier.expiresAt, earlier.version);
    },

    finish: ({ transaction, expiresAt, version }) => write(transaction.id, { status: 'finished' }, expiresAt, version),
  };
}
