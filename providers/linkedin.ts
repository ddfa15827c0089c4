import type { IdentityEvidence, UpstreamProvider } from '../src/upstream/provider.js';
import type { OidcOptions } from './oidc.js';

/** Settings of {@link linkedinProvider}. */
export type LinkedinOptions = Omit<OidcOptions, 'issuer' | 'clientAuthentication'>;

const defaultScopes = ['openid', 'profile', 'email'];

/** LinkedIn, by "Sign In with LinkedIn using OpenID Connect"; nobody else's application sees the same `sub`. */
export function linkedinProvider(options: LinkedinOptions): UpstreamProvider {
  const { id = 'linkedin', name = 'LinkedIn', scopes = defaultScopes, ...rest } = options;
  return {
    ...rest,
    id,
    name,
    issuer: 'https://www.linkedin.com/oauth',
    sendsCallbackIssuer: false,
    otherTokenIssuers: ['https://www.linkedin.com'],
    scopes,
    clientAuthentication: 'client_secret_post',
    // With a challenge LinkedIn takes the application for one without a secret, and refuses the code.
    pkce: false,
    echoesNonce: false,
    idTokenAlgorithms: ['RS256'],
    errorCodes: {
      user_cancelled_login: 'access_denied',
      user_cancelled_authorize: 'access_denied',
      unauthorized_scope_error: 'invalid_scope',
      // What it says of a code that is spent, expired or somebody else's.
      invalid_request: 'invalid_grant',
      invalid_redirect_uri: 'invalid_grant',
    },
    knows: [],
    identify: options.identify ?? identify,
  };
}

function identify({ profile }: IdentityEvidence) {
  const { sub, name, picture, email, email_verified, locale } = profile;
  return { sub, name, picture, email, email_verified, locale: languageTagOf(locale) };
}

/** An object in the profile, as LinkedIn does it, or text as the standard has it. */
function languageTagOf(locale: unknown): unknown {
  if (typeof locale !== 'object' || locale === null) return locale;
  const { language, country } = locale as { readonly language?: unknown; readonly country?: unknown };
  return [language, country].filter((part) => typeof part === 'string' && part !== '').join('-');
}
