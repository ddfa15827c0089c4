import type { HttpRequest } from '../http/message.js';
import { webRequest } from '../http/web-request.js';
import type { Clock } from '../storage/clock.js';
import type { Claims, UpstreamProvider } from './provider.js';
import { Refusal } from './refusal.js';
import { noTokens } from './session.js';
import type { Upstream } from './upstream.js';
import { readUserInfo } from './user-info.js';

/** Who is signed in to an application, as the application says it; members as in OpenID Connect Core §5.1. */
export interface ApplicationUser extends Claims {
  /** The user's name in the application, which never becomes anybody else's; `id` is taken too. */
  readonly sub?: string | undefined;
  readonly id?: string | number | undefined;
  readonly email?: string | null | undefined;
  readonly email_verified?: boolean | undefined;
  readonly name?: string | null | undefined;
}

/**
 * Tells who is signed in to the application, from the session that the browser's request shows; nobody otherwise.
 *
 * @param request - the browser's request, as the web standards have it
 * @param raw - the framework's own request: with Express, the one that its session middleware has seen
 */
export type AuthenticateUser = (
  request: Request,
  raw: unknown,
) => ApplicationUser | null | undefined | Promise<ApplicationUser | null | undefined>;

/** The place of the application among the providers, where it signs its users in itself. */
export const applicationProvider: UpstreamProvider = Object.freeze({
  id: 'application',
  name: 'your account',
  issuer: 'urn:mcp-gatehouse:application',
  protocol: 'oauth2',
  clientId: '',
  clientSecret: '',
  scopes: [],
});

/** What the application's own sign-in needs. */
export interface ApplicationServices {
  readonly authenticateUser: AuthenticateUser;
  /** Where users sign in to the application; it leads back to the `return_to` that it is given. */
  readonly signInUrl: string | undefined;
  readonly callbackUrl: string;
  readonly clock: Clock;
}

/**
 * Makes the application's own session a place to sign in, like a provider: the browser that has approved goes to our
 * callback, where the application is asked who that is, and by way of its sign-in page when that is nobody yet.
 */
export function createApplicationUpstream(services: ApplicationServices): Upstream {
  const { authenticateUser, signInUrl, callbackUrl, clock } = services;
  const { id, name, issuer } = applicationProvider;

  async function userOf(request: HttpRequest) {
    const user = await authenticateUser(webRequest(request, new URL(callbackUrl).origin), request.raw);
    return user ? readUserInfo({ ...user, sub: user.sub ?? user.id }) : undefined;
  }

  const nobody = () => new Refusal('You are not signed in to the application.', {});
  const withoutTokens = () => Promise.reject(new TypeError('An application has no tokens of a provider.'));

  return {
    provider: { id, name, issuer, revocation: undefined },
    authorizationUrl: ({ state }) => Promise.resolve(withQuery(callbackUrl, { state })),

    async detour(request) {
      if ((await userOf(request)) !== undefined) return undefined;
      if (signInUrl === undefined) throw nobody();
      return withQuery(signInUrl, { return_to: `${callbackUrl}?${request.query}` });
    },

    async complete(_, request) {
      const user = request && (await userOf(request));
      if (!user) throw nobody();
      const receivedAt = clock();
      return { user, provider: id, issuer, subject: user.sub, tokens: noTokens, idToken: {}, receivedAt };
    },

    refresh: withoutTokens,
    identify: withoutTokens,
    revoke: () => Promise.resolve(),
  };
}

function withQuery(address: string, parameters: Readonly<Record<string, string>>): URL {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}
