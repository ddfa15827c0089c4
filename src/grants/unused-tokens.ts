import type { Clock } from '../storage/clock.js';
import type { Audit, RequestOrigin } from '../telemetry/audit.js';
import type { DescribeGrant } from './audited-grant.js';
import type { Grants } from './grant-store.js';
import type { Grant } from './grant.js';

/** Looks again, some minutes later, at grants on which the first tokens were issued: were any of them ever presented? */
export interface UnusedTokens {
  /** Looks at a grant again later. */
  watch(grant: Pick<Grant, 'grantId' | 'resource'>, origin: RequestOrigin): void;
  /** Looks at nothing any more. */
  stop(): void;
}

/** Does something after so many seconds, unless the process ends before; answers what calls it off. */
export type Later = (seconds: number, act: () => void) => () => void;

/** What looking needs. */
export interface UnusedTokensServices {
  readonly grants: Pick<Grants, 'findLiving'>;
  readonly describe: DescribeGrant;
  /** Whether this installation sees who presents tokens to a resource. */
  readonly isSeen: (resource: string) => boolean;
  readonly unusedTokenTtl: number;
  readonly later: Later;
  readonly clock: Clock;
  readonly audit: Audit;
}

/** As little as can be: there may be thousands. */
interface Watched {
  readonly grantId: string;
  readonly resource: string;
  readonly origin: RequestOrigin;
  readonly dueAt: number;
}

/** More sign-ins than one process sees within the time; what is beyond is not looked at. */
const maxWatched = 10_000;

/**
 * Tells of tokens that were issued and never used: the sign-in went well, and then nothing came.
 *
 * Whatever process has seen a token has noted that in the grant, so one process that looks is enough. One timer serves all.
 */
export function createUnusedTokens(services: UnusedTokensServices): UnusedTokens {
  const { grants, describe, isSeen, unusedTokenTtl, later, clock, audit } = services;
  const watched: Watched[] = [];
  let callOff: (() => void) | undefined;

  function wait(): void {
    const [next] = watched;
    if (next && !callOff) callOff = later(Math.max(0, next.dueAt - clock()), () => void look());
  }

  async function look(): Promise<void> {
    const now = clock();
    const later = watched.findIndex(({ dueAt }) => dueAt > now);
    const due = watched.splice(0, later < 0 ? watched.length : later);
    for (const { grantId, origin } of due.filter(({ resource }) => isSeen(resource))) {
      // A store that is away says nothing about the token.
      const found = await grants.findLiving(grantId).catch(() => undefined);
      if (found && found.usedAt === undefined) audit({ event: 'access_token.unused', ...origin, ...describe(found) });
    }
    callOff = undefined;
    wait();
  }

  return {
    watch({ grantId, resource }, origin) {
      if (watched.length >= maxWatched) return;
      watched.push({ grantId, resource, origin, dueAt: clock() + unusedTokenTtl });
      wait();
    },
    stop() {
      callOff?.();
      watched.length = 0;
    },
  };
}
