import { signJwt } from '../keys/jws.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { Clock } from '../storage/clock.js';
import type { SigningKeys } from '../keys/signing-keys.js';
import { addMappedClaims, type AccessTokenClaims } from '../protocol/access-token-claims.js';
import { formatScope } from '../protocol/scope.js';
import type { Identity } from './grant.js';

/** What an access token is to say. Without a user and a grant, the client acts for itself. */
export type TokenSubject = {
  readonly clientId: string;
  readonly resource: string;
  readonly scopes: readonly string[];
} & (
  | { readonly identity: Identity; readonly grantId: string }
  | { readonly identity?: undefined; readonly grantId?: undefined }
);

/** Signs access tokens. */
export interface AccessTokens {
  /** How long a token for a resource lives, in seconds. */
  readonly ttlOf: (resource: string) => number;
  /** Signs one for a subject. */
  issue(subject: TokenSubject): Promise<string>;
}

/** Signs `at+jwt` tokens (RFC 9068). */
export function createAccessTokens(
  issuer: string,
  keys: SigningKeys,
  clock: Clock,
  randomness: Randomness,
  ttlOf: (resource: string) => number,
): AccessTokens {
  return {
    ttlOf,
    async issue({ identity, clientId, resource, scopes, grantId }) {
      const { kid, key } = await keys.current();
      const now = Math.floor(clock());
      const claims: AccessTokenClaims = {
        iss: issuer,
        sub: identity?.sub ?? clientId, // RFC 9068 §2.2
        aud: resource,
        client_id: clientId,
        scope: formatScope(scopes),
        iat: now,
        exp: now + ttlOf(resource),
        jti: randomText(randomness),
        ...(identity && { grant_id: grantId, idp: identity.provider }),
      };
      if (identity) addMappedClaims(claims, identity.claims);
      return signJwt({ alg: keys.algorithm, typ: 'at+jwt', kid }, claims, key); // RFC 9068 §2.1
    },
  };
}
