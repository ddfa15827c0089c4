import type { IdentityEvidence, UpstreamProvider } from '../src/upstream/provider.js';
import { AuthError } from '../src/protocol/auth-error.js';
import type { OidcOptions } from './oidc.js';

/** Settings of {@link gitlabProvider}. */
export interface GitlabOptions extends Omit<OidcOptions, 'issuer'> {
  /** Where GitLab is, with the path below which it is installed. @defaultValue `https://gitlab.com` */
  readonly baseUrl?: string;
}

const defaultScopes = ['openid', 'profile', 'email'];

/**
 * GitLab, or one's own; `groups` are the full paths of the user's groups, inherited ones included.
 *
 * For an application without the scope `openid`, but with `read_user` or `api`, the REST API says who the user is: no
 * address is verified then, and no group known.
 */
export function gitlabProvider(options: GitlabOptions): UpstreamProvider {
  const { id = 'gitlab', name = 'GitLab', scopes = defaultScopes, baseUrl = 'https://gitlab.com', ...rest } = options;
  const issuer = baseUrl.replace(/\/+$/, '');
  const isRest = !scopes.includes('openid') && ['read_user', 'api'].some((scope) => scopes.includes(scope));
  return {
    id,
    name,
    issuer,
    sendsCallbackIssuer: false,
    scopes,
    idTokenAlgorithms: ['RS256'],
    refresh: { sendsRedirectUri: true },
    knows: ['groups'],
    ignoresCase: true,
    ...(isRest && restOf(issuer)),
    ...rest,
    identify: options.identify ?? (isRest ? identifyByRest : identify),
  };
}

function restOf(base: string): Partial<UpstreamProvider> {
  return {
    protocol: 'oauth2',
    endpoints: {
      authorization: `${base}/oauth/authorize`,
      token: `${base}/oauth/token`,
      userInfo: `${base}/api/v4/user`,
      revocation: `${base}/oauth/revoke`,
    },
    emailAuthority: 'nobody',
    knows: [],
  };
}

function identifyByRest({ profile }: IdentityEvidence) {
  const { id: sub, username: preferred_username, name, avatar_url: picture, email, state, locked } = profile;
  if (state !== 'active' || locked === true) {
    throw new AuthError('access_denied', 'This account is blocked at GitLab.');
  }
  return { sub, preferred_username, name, picture, email, email_verified: false };
}

/** Only the profile: the ID token of an older GitLab lacks names, and its `groups_direct` lacks groups. */
function identify({ profile, scopes }: IdentityEvidence) {
  return {
    ...profile,
    preferred_username: profile.preferred_username ?? profile.nickname,
    // Without the scope the address is the public one, which the verification says nothing of.
    email_verified: scopes.includes('email') && profile.email_verified,
    organizations: undefined,
  };
}
