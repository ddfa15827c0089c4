import { AuthError } from '../src/protocol/auth-error.js';
import type { IdentityEvidence, UpstreamProvider } from '../src/upstream/provider.js';
import type { OidcOptions } from './oidc.js';

/** Settings of {@link cognitoProvider}: `issuer`, or `userPoolId`. */
export interface CognitoOptions extends Omit<OidcOptions, 'issuer'> {
  /** The issuer, such as `https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI`. */
  readonly issuer?: string;
  /** The id of the user pool, such as `eu-west-1_AbCdEfGhI`. */
  readonly userPoolId?: string;
  /** The region of the user pool. @defaultValue what `userPoolId` begins with */
  readonly region?: string;
}

const defaultScopes = ['openid', 'profile', 'email'];

/** A user pool of AWS Cognito; needs a domain for the pool. */
export function cognitoProvider(options: CognitoOptions): UpstreamProvider {
  const { id = 'cognito', name = 'AWS Cognito', scopes = defaultScopes, issuer, userPoolId = '', ...others } = options;
  const { region = userPoolId.split('_', 1).join(), ...rest } = others;
  return {
    id,
    name,
    issuer: issuer ?? `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`,
    sendsCallbackIssuer: false,
    scopes,
    idTokenAlgorithms: ['RS256'],
    revocation: { refreshTokensOnly: true },
    knows: ['groups'],
    faults: issuer === undefined && userPoolId === '' ? ['issuer or userPoolId is missing'] : [],
    ...rest,
    identify: options.identify ?? identify,
  };
}

function identify({ idToken, profile }: IdentityEvidence) {
  // Cognito signs access tokens with the same keys.
  if (idToken.token_use !== 'id') {
    throw new AuthError('server_error', 'The identity provider sent another token in place of an ID token.');
  }
  return {
    ...profile,
    preferred_username: profile.preferred_username ?? profile.username,
    organizations: undefined,
    // The userinfo endpoint never says them. A user in no group has no such claim.
    groups: idToken['cognito:groups'],
  };
}
