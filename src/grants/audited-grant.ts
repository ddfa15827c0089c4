import type { Audit } from '../telemetry/audit.js';
import type { Log } from '../telemetry/log.js';
import type { TellOfEnd } from './grant-store.js';
import type { Grant } from './grant.js';
import type { OpenIdentity } from './sealed-identity.js';

/** What audit events say of a grant. */
export interface AuditedGrant extends Pick<Grant, 'grantId' | 'clientId' | 'resource' | 'scopes'> {
  readonly subject?: string;
  readonly provider?: string;
}

/** Says what audit events tell of a grant. */
export type DescribeGrant = (grant: Grant) => AuditedGrant;

/** Describes grants; of one whose record can no longer be opened, without its user. */
export function createDescribeGrant(openIdentity: OpenIdentity): DescribeGrant {
  const userOf = (grant: Grant) => {
    try {
      const { sub: subject, provider } = openIdentity(grant);
      return { subject, provider };
    } catch {
      return {};
    }
  };
  return (grant) => {
    const { grantId, clientId, resource, scopes } = grant;
    return { grantId, clientId, resource, scopes, ...userOf(grant) };
  };
}

/** Tells the operator, and the audit, that a grant has ended. */
export function createTellOfEnd(log: Log, audit: Audit, describe: DescribeGrant): TellOfEnd {
  return (grant, because, origin) => {
    // That a client signs its user out is no cause for alarm, nor what an operator or the user does.
    const level = because.startsWith('revoked') ? 'info' : 'warn';
    log({ level, event: 'grant ended', description: because, grantId: grant.grantId });
    audit({ event: 'grant.ended', ...origin, ...describe(grant), reason: because });
  };
}
