import type { UpstreamProvider } from '../src/upstream/provider.js';
import { AuthError } from '../src/protocol/auth-error.js';

/** Settings of {@link slackProvider}. */
export interface SlackOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** @defaultValue `openid`, `profile`, `email` */
  readonly scopes?: readonly string[];
  /** Where Slack is; GovSlack is at `https://slack-gov.com`. @defaultValue `https://slack.com` */
  readonly baseUrl?: string;
  /** Lets in only the users of these workspaces, by id. @defaultValue everybody */
  readonly team?: string | readonly string[];
  /** More parameters of the authorization request. */
  readonly authorizationParameters?: UpstreamProvider['authorizationParameters'];
}

const teamClaim = 'https://slack.com/team_id';
const userClaim = 'https://slack.com/user_id';

/**
 * Sign in with Slack.
 *
 * The subject is the workspace's and the user's id, joined by a dot; the user's organization is the workspace's id. An
 * address is verified within its workspace only, whose owner writes it.
 */
export function slackProvider(options: SlackOptions): UpstreamProvider {
  const { clientId, clientSecret, scopes = ['openid', 'profile', 'email'], team } = options;
  const base = (options.baseUrl ?? 'https://slack.com').replace(/\/+$/, '');
  const teams = team === undefined ? undefined : [team].flat();
  return {
    id: 'slack',
    name: 'Slack',
    issuer: base,
    sendsCallbackIssuer: false,
    clientId,
    clientSecret,
    scopes,
    clientAuthentication: 'client_secret_post',
    endpoints: { revocation: `${base}/api/auth.revoke` },
    // An app has one token for each user, however often the user signs in.
    revocation: { style: 'bearer', reachesAll: true },
    // With PKCE a Slack app becomes a public client for good.
    pkce: false,
    idTokenAlgorithms: ['RS256'],
    errorCodes: {
      invalid_code: 'invalid_grant',
      code_already_used: 'invalid_grant',
      code_expired: 'invalid_grant',
      invalid_refresh_token: 'invalid_grant',
      token_revoked: 'invalid_grant',
      token_expired: 'invalid_grant',
      bad_client_secret: 'invalid_client',
      invalid_client_id: 'invalid_client',
      bad_redirect_uri: 'invalid_request',
      ratelimited: 'temporarily_unavailable',
      internal_error: 'temporarily_unavailable',
      fatal_error: 'temporarily_unavailable',
      service_unavailable: 'temporarily_unavailable',
    },
    authorizationParameters: {
      ...(teams?.length === 1 && { team: teams[0] }),
      ...options.authorizationParameters,
    },
    emailAuthority: 'organization',
    knows: ['organizations'],
    identify({ idToken, profile }) {
      const { [teamClaim]: teamId, [userClaim]: userId } = { ...profile, ...idToken };
      const isContradicted = profile[teamClaim] !== undefined && profile[teamClaim] !== teamId;
      if (typeof teamId !== 'string' || typeof userId !== 'string' || isContradicted) {
        throw new AuthError('server_error', 'The identity provider did not say who the user is.');
      }
      // The request's team is a hint that users can change.
      if (teams && !teams.includes(teamId)) {
        throw new AuthError('access_denied', 'Only users of certain workspaces may sign in here.');
      }
      const { email, email_verified } = typeof profile.email === 'string' ? profile : idToken;
      const organizations = [teamId];
      return { ...idToken, ...profile, email, email_verified, sub: `${teamId}.${userId}`, organizations };
    },
  };
}
