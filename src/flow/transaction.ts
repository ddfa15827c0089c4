import type { Clock } from '../storage/clock.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { Sealing } from '../keys/sealing.js';

/** An authorization request that was found valid, and waits for the user's answer. Sealed in the page's form. */
export interface Transaction {
  /** Random; keys the sign-in record, and begins the `state` that the provider sees. */
  readonly id: string;
  readonly clientId: string;
  /** As it was sent; absent when it was absent. */
  readonly redirectUri?: string;
  readonly state?: string;
  /** True where the answer shall not name the issuer (RFC 9207), as at a door whose metadata does not say that it does. */
  readonly withoutIssuer?: true;
  readonly codeChallenge: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** What was taken from an earlier visit of the user who is thought to be this one; another one is asked for everything. */
  readonly assumption?: Assumption;
  /** The providers that were offered, by their ids: the answer chooses among them. None when the user has signed in already. */
  readonly providers: readonly string[];
  /** The languages that the client asked for, the best first (OpenID Connect Core §3.1.2.1). */
  readonly uiLocales?: string;
  /** True where the user said that the app is on another computer, and wants to carry the code there. */
  readonly carriesCode?: true;
  /** Names the one browser that was shown the page. */
  readonly browser: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** Whose earlier grants shaped a transaction, what they were, and what the client asked for by itself. */
export interface Assumption {
  readonly userTag: string;
  readonly granted: readonly string[];
  readonly requested: readonly string[];
}

/** What the user is asked: the client's request, and where to sign in. */
export type AskedAuthorization = Omit<Transaction, 'id' | 'browser' | 'expiresAt'>;

/** The part of a transaction that the client's request decides. */
export type RequestedAuthorization = Omit<AskedAuthorization, 'providers' | 'assumption'>;

/** Makes a transaction of a request, for one browser. Writes nothing. */
export type BeginTransaction = (asked: AskedAuthorization, browser: string) => Transaction;

/** Begins transactions that can be answered for `transactionTtl` seconds. */
export function createBeginTransaction(clock: Clock, randomness: Randomness, transactionTtl: number): BeginTransaction {
  // What is asked may be a transaction of before: what is this one's own goes over it.
  return (asked, browser) =>
    Object.assign({}, asked, {
      id: randomText(randomness),
      browser,
      expiresAt: Math.ceil(clock() + transactionTtl),
    });
}

/** Seals pending transactions into forms, and opens them again. */
export interface Transactions {
  /** Writes the transaction so that only this server can read it. */
  seal(transaction: Transaction): string;
  /** Reads it, or answers undefined when it is not ours or too old. */
  open(sealed: string): Transaction | undefined;
}

/** Keeps transactions outside the store: an unauthenticated request writes nothing. */
export function createTransactions(sealing: Sealing, clock: Clock): Transactions {
  const purpose = 'seal transaction';
  const context = 'form';
  return {
    seal: (transaction) => sealing.seal(purpose, context, JSON.stringify(transaction)),
    open(sealed) {
      const text = sealing.open(purpose, context, sealed);
      if (text === undefined) return undefined;
      const transaction = JSON.parse(text) as Transaction;
      return transaction.expiresAt > clock() ? transaction : undefined;
    },
  };
}
