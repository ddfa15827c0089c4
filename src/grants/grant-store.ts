import { AuthError } from '../protocol/auth-error.js';
import type { Log } from '../telemetry/log.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { Clock } from '../storage/clock.js';
import type { Key, Store } from '../storage/store.js';
import { writeOnce } from '../storage/write-once.js';
import { grantKey, vaultKey, type GrantIds } from './grant-id.js';
import { parseGrant, serializeGrant, type EndReason, type Grant } from './grant.js';
import { recordExpiry, type GrantLifetimes } from './lifetimes.js';

/** What a change makes of a grant: the next state to be written, or nothing, and what to answer then. */
export interface Decision<T> {
  readonly next?: Grant;
  readonly result: T;
}

/** The records of grants. */
export interface Grants {
  /** Writes a new grant. */
  create(grant: Grant): Promise<void>;
  /**
   * Reads a grant, lets `decide` judge it, and writes the outcome over exactly what was read.
   *
   * When somebody else was faster, `decide` judges anew; so what it does has to bear repetition.
   *
   * @returns undefined when there is no such grant
   * @throws {AuthError} temporarily_unavailable when the store is away, or others are always faster
   */
  change<T>(grantId: string, decide: (grant: Grant) => Decision<T> | Promise<Decision<T>>): Promise<T | undefined>;
  /** Ends a grant at once: its refresh token, its access tokens and its upstream tokens. May be repeated. */
  end(grantId: string, because: EndReason): Promise<void>;
  /** The grants of a user, at most {@link maxListed} of them; ended ones too, for as long as they are kept. */
  ofUser(userTag: string): Promise<Grant[]>;
  /** Reads a grant; undefined when there is none, or it has ended. */
  findLiving(grantId: string): Promise<Grant | undefined>;
}

const maxAttempts = 10;
/** More than anybody has; what is beyond is not seen. */
const maxListed = 200;

/** Keeps grants in a store, each changed only by compare-and-set. */
export function createGrants(
  store: Store,
  ids: GrantIds,
  clock: Clock,
  randomness: Randomness,
  lifetimes: GrantLifetimes,
  log: Log,
  discardVault: (key: Key) => Promise<void>,
): Grants {
  async function read(grantId: string) {
    if (!(await ids.isOurs(grantId))) return undefined;
    const entry = await store.get(grantKey(grantId));
    if (!entry) return undefined;
    const grant = parseGrant(entry.value);
    return grant?.grantId === grantId ? { grant, version: entry.version } : undefined;
  }

  function write(grant: Grant, version: string, expect: string): Promise<boolean> {
    const options = { version, expiresAt: recordExpiry(grant, clock(), lifetimes), expect };
    return writeOnce(store, grantKey(grant.grantId), serializeGrant(grant), options);
  }

  const grants: Grants = {
    async create(grant) {
      const written = await write(grant, randomText(randomness), 'absent');
      if (!written) throw new AuthError('server_error', 'The grant could not be stored.');
    },

    async change<T>(grantId: string, decide: (grant: Grant) => Decision<T> | Promise<Decision<T>>) {
      const results = new Map<string, T>();
      let faults = 0;
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const found = await read(grantId);
        if (!found) return undefined;
        // A write that was given up came through after all: judged anew, it would look like somebody else's.
        if (results.has(found.version)) return results.get(found.version);
        const { next, result } = await decide(found.grant);
        if (!next) return result;
        const version = randomText(randomness);
        results.set(version, result);
        const written = await write(next, version, found.version).catch((fault: unknown) => {
          // Each fault may have taken all the time that a store is given: one is forgiven.
          if (++faults > 1) throw fault;
          return false;
        });
        if (written) return result;
      }
      throw new AuthError('temporarily_unavailable', 'The grant is being changed by too many requests at once.');
    },

    async end(grantId, because) {
      const at = clock();
      const isFirst = await grants.change(grantId, (grant) =>
        grant.ended ? { result: false } : { next: { ...grant, ended: { at, because } }, result: true },
      );
      // That a client signs its user out is no cause for alarm, nor what the operator does.
      const level = because.startsWith('revoked') ? 'info' : 'warn';
      if (isFirst) log({ level, event: 'grant ended', description: because, grantId });
      // Also when it had ended before: that time the deletion may have failed.
      await discardVault(vaultKey(grantId));
    },

    async ofUser(userTag) {
      const found: Grant[] = [];
      const listed = await store.list(userTag, { after: 'grant.', limit: maxListed });
      for (const { id, value } of listed) {
        const grant = id.startsWith('grant.') ? parseGrant(value) : undefined;
        if (grant && grantKey(grant.grantId).id === id && (await ids.isOurs(grant.grantId))) found.push(grant);
      }
      return found;
    },

    async findLiving(grantId) {
      const grant = (await read(grantId))?.grant;
      return grant?.ended ? undefined : grant;
    },
  };
  return grants;
}
