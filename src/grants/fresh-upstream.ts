import type { RequestOrigin } from '../telemetry/audit.js';
import type { FreshSession } from '../upstream/renewal.js';
import type { UpstreamSession } from '../upstream/session.js';
import { SessionLost, type LossReason } from '../upstream/session-lost.js';
import { vaultKey } from './grant-id.js';
import type { Grants } from './grant-store.js';
import type { EndReason } from './grant.js';

/**
 * Answers the provider's tokens of a grant, fresh for `minimumTtl` seconds; ends the grant when the provider or a rule
 * says that its user's access is over.
 *
 * @param origin - who asks, for the audit
 * @throws {SessionLost} when there are no tokens
 * @throws {AuthError} temporarily_unavailable when nobody can tell for now
 */
export type FreshUpstream = (grantId: string, minimumTtl: number, origin: RequestOrigin) => Promise<UpstreamSession>;

/** What of a grant's sign-in can be lost so that the grant ends with it. Missing tokens alone prove nothing. */
const endings: Partial<Record<LossReason, EndReason>> = {
  'signed out': 'signed out upstream',
  refused: 'refused by rule',
};

/** Joins grants to the tokens of their sign-ins. */
export function createFreshUpstream(grants: Pick<Grants, 'end'>, fresh: FreshSession): FreshUpstream {
  return async (grantId, minimumTtl, origin) => {
    try {
      return await fresh(vaultKey(grantId), minimumTtl);
    } catch (thrown) {
      const because = thrown instanceof SessionLost ? endings[thrown.reason] : undefined;
      if (because) await grants.end(grantId, because, origin);
      throw thrown;
    }
  };
}
