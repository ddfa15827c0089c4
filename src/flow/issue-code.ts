import type { Credentials } from '../grants/credential.js';
import { vaultKey, type GrantIds } from '../grants/grant-id.js';
import type { Grants } from '../grants/grant-store.js';
import type { Grant, Identity } from '../grants/grant.js';
import type { SealedIdentities } from '../grants/sealed-identity.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import { profileFor, type UserProfile } from '../protocol/user-profile.js';
import type { Clock } from '../storage/clock.js';
import type { Audit, RequestOrigin } from '../telemetry/audit.js';
import { hasTokens, renewalDueAt, type UpstreamSession } from '../upstream/session.js';
import type { Vault } from '../upstream/vault.js';
import type { Transaction } from './transaction.js';

/** What a finished sign-in has established. */
export interface SignedIn {
  readonly identity: Identity;
  /** What the provider said of the user. */
  readonly user: UserProfile;
  /** The user at the provider, which is what the grant is kept under, and the provider's tokens. */
  readonly session: UpstreamSession;
}

/**
 * Makes a grant of an approved transaction and its user, and answers the authorization code.
 *
 * @param origin - whose request it is, for the audit
 */
export type IssueCode = (transaction: Transaction, signedIn: SignedIn, origin: RequestOrigin) => Promise<string>;

/** What issuing a code needs. */
export interface IssueCodeServices {
  readonly grants: Grants;
  readonly grantIds: GrantIds;
  readonly credentials: Credentials;
  readonly vault: Vault;
  readonly identities: Pick<SealedIdentities, 'seal'>;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Seconds within which the code has to be redeemed. */
  readonly authorizationCodeTtl: number;
  readonly audit: Audit;
}

/** Issues authorization codes. */
export function createIssueCode(services: IssueCodeServices): IssueCode {
  const { grants, grantIds, credentials, vault, identities, clock, randomness, authorizationCodeTtl, audit } = services;
  return async (transaction, { identity, user, session }, origin) => {
    const grantId = await grantIds.create(session.issuer, session.subject);
    const now = clock();
    const { clientId, resource, scopes, codeChallenge, redirectUri } = transaction;
    const code = {
      kid: credentials.currentKid(),
      expiresAt: now + authorizationCodeTtl,
      codeChallenge,
      ...(redirectUri !== undefined && { redirectUri }),
    };
    // What the client was not granted is not kept.
    const profile = scopes.includes('openid') ? { profile: profileFor(scopes, user) } : {};
    const grant: Grant = {
      grantId,
      clientId,
      resource,
      scopes,
      identity: identities.seal(grantId, { ...identity, ...profile }),
      salt: randomText(randomness),
      createdAt: now,
      code,
      upstreamCheckAt: renewalDueAt(session),
    };
    // The vault first: a grant whose upstream tokens are missing would be worse than tokens that nobody can use.
    if (hasTokens(session)) await vault.put(vaultKey(grantId), session, Math.ceil(code.expiresAt));
    await grants.create(grant);
    const { sub: subject, provider } = identity;
    audit({ event: 'grant.created', ...origin, grantId, clientId, subject, provider, resource, scopes });
    return credentials.derive('ac', code.kid, grant, 0);
  };
}
