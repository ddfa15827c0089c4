import type { UpstreamProvider, UserInfo } from '../src/upstream/provider.js';
import { AuthError } from '../src/protocol/auth-error.js';

/** Settings of {@link googleProvider}. */
export interface GoogleOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** @defaultValue `openid`, `email`, `profile` */
  readonly scopes?: readonly string[];
  /** Lets in only the accounts of these Workspace domains; `*` is any of them. @defaultValue everybody */
  readonly hostedDomain?: string | readonly string[];
  /** More parameters of the authorization request, such as `login_hint`. */
  readonly authorizationParameters?: UpstreamProvider['authorizationParameters'];
}

/**
 * Google accounts, and those of Google Workspace, whose domain is the user's organization.
 *
 * Google verified an address for good only if it is its own, or the user has an organization; of any other address it
 * was verified once.
 */
export function googleProvider(options: GoogleOptions): UpstreamProvider {
  const { clientId, clientSecret, scopes = ['openid', 'email', 'profile'], hostedDomain } = options;
  const domains = hostedDomain === undefined ? [] : [hostedDomain].flat();
  const [hint] = domains.length > 1 ? ['*'] : domains;
  return {
    id: 'google',
    name: 'Google',
    issuer: 'https://accounts.google.com',
    clientId,
    clientSecret,
    scopes,
    clientAuthentication: 'client_secret_post',
    scopeAliases: {
      'https://www.googleapis.com/auth/userinfo.email': 'email',
      'https://www.googleapis.com/auth/userinfo.profile': 'profile',
    },
    otherTokenIssuers: ['accounts.google.com'],
    idTokenAlgorithms: ['RS256'],
    revocation: { authenticates: false, reachesAll: true },
    authorizationParameters: {
      // Without both there is a refresh token only at the very first consent.
      access_type: 'offline',
      prompt: 'consent',
      ...(hint !== undefined && { hd: hint }),
      ...options.authorizationParameters,
    },
    knows: ['organizations'],
    ignoresCase: true,
    isOfDomain,
    identify({ idToken, profile }) {
      const { hd } = idToken;
      // The request's hd is a hint that users can change; and an address in a domain does not make a member of it.
      const isMember =
        typeof hd === 'string' && domains.some((domain) => domain === '*' || domain.toLowerCase() === hd);
      if (hostedDomain !== undefined && !isMember) {
        throw new AuthError('access_denied', 'Only accounts of certain organizations may sign in here.');
      }
      return {
        ...idToken,
        ...profile,
        ...emailOf(typeof profile.email === 'string' ? profile : idToken),
        organizations: typeof hd === 'string' ? [hd] : undefined,
        groups: undefined,
      };
    },
  };
}

/** Google speaks for its own addresses, and for those of its organizations; any other was verified once, long ago perhaps. */
function isOfDomain({ organizations = [] }: UserInfo, domain: string): boolean {
  const isOwn = domain === 'gmail.com' || domain === 'googlemail.com';
  return isOwn || organizations.some((organization) => organization.toLowerCase() === domain);
}

function emailOf({ email, email_verified }: Readonly<Record<string, unknown>>) {
  return { email, email_verified };
}
