import { AuthError } from '../protocol/auth-error.js';
import type { RequestOrigin } from '../telemetry/audit.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { Clock } from '../storage/clock.js';
import type { Key, Store } from '../storage/store.js';
import { BoundedMap } from '../storage/bounded-map.js';
import { writeOnce } from '../storage/write-once.js';
import { grantKey, vaultKey, type GrantIds } from './grant-id.js';
import { changed, parseGrant, serializeGrant, type EndReason, type Grant } from './grant.js';
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
  /**
   * Ends a grant at once: its refresh token, its access tokens and its upstream tokens. May be repeated.
   *
   * @param origin - who ends it, for the audit
   */
  end(grantId: string, because: EndReason, origin: RequestOrigin): Promise<void>;
  /** The grants of a user, at most {@link maxListed} of them; ended ones too, for as long as they are kept. */
  ofUser(userTag: string): Promise<Grant[]>;
  /** Reads a grant; undefined when there is none, or it has ended. */
  findLiving(grantId: string): Promise<Grant | undefined>;
}

const maxAttempts = 10;
/** Some six megabytes. */
const maxUnderstood = 2000;
/** More than anybody has; what is beyond is not seen. */
const maxListed = 200;

/** Told once of each grant that has ended. */
export type TellOfEnd = (grant: Grant, because: EndReason, origin: RequestOrigin) => void;

/** Keeps grants in a store, each changed only by compare-and-set. */
export function createGrants(
  store: Store,
  ids: GrantIds,
  clock: Clock,
  randomness: Randomness,
  lifetimes: GrantLifetimes,
  tellOfEnd: TellOfEnd,
  discardVault: (key: Key) => Promise<void>,
): Grants {
  /** What was read last, by its version, which no other record ever had. To take it apart costs more than to get it. */
  const understood = new BoundedMap<string, Grant>(maxUnderstood);

  async function read(grantId: string) {
    if (!(await ids.isOurs(grantId))) return undefined;
    const entry = await store.get(grantKey(grantId));
    if (!entry) return undefined;
    const { version, value } = entry;
    const known = understood.get(version);
    const grant = known ?? parseGrant(value);
    if (grant?.grantId !== grantId) return undefined;
    if (!known) understood.set(version, grant);
    return { grant, version };
  }

  function write(grant: Grant, version: string, expect: string): Promise<boolean> {
    const options = { version, expiresAt: recordExpiry(grant, clock(), lifetimes), expect };
    return writeOnce(store, grantKey(grant.grantId), serializeGrant(grant), options);
  }

  const grants: Grants = {
    async create(grant) {
      const version = randomText(randomness);
      const written = await write(grant, version, 'absent');
      if (!written) throw new AuthError('server_error', 'The grant could not be stored.');
      understood.set(version, grant);
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
        if (!written) continue;
        understood.set(version, next);
        return result;
      }
      throw new AuthError('temporarily_unavailable', 'The grant is being changed by too many requests at once.');
    },

    async end(grantId, because, origin) {
      const at = clock();
      const ended = await grants.change(grantId, (grant) =>
        grant.ended ? { result: undefined } : { next: changed(grant, { ended: { at, because } }), result: grant },
      );
      if (ended) tellOfEnd(ended, because, origin);
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
