import type { IdentityEvidence, UpstreamProvider } from '../src/upstream/provider.js';
import type { OidcOptions } from './oidc.js';

/** Settings of {@link gitlabProvider}. */
export interface GitlabOptions extends Omit<OidcOptions, 'issuer'> {
  /** Where GitLab is, with the path below which it is installed. @defaultValue `https://gitlab.com` */
  readonly baseUrl?: string;
}

const defaultScopes = ['openid', 'profile', 'email'];

/** GitLab, or one's own; `groups` are the full paths of the user's groups, inherited ones included. */
export function gitlabProvider(options: GitlabOptions): UpstreamProvider {
  const { id = 'gitlab', name = 'GitLab', scopes = defaultScopes, baseUrl = 'https://gitlab.com', ...rest } = options;
  return {
    id,
    name,
    issuer: baseUrl.replace(/\/+$/, ''),
    sendsCallbackIssuer: false,
    scopes,
    idTokenAlgorithms: ['RS256'],
    refresh: { sendsRedirectUri: true },
    knows: ['groups'],
    ignoresCase: true,
    ...rest,
    identify: options.identify ?? identify,
  };
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
