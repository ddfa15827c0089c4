import {
  allowInsecureRequests,
  type Configuration,
  customFetch,
  discovery,
  None,
  type CustomFetch,
  type ServerMetadata,
} from 'openid-client';
import { AuthError } from '../protocol/auth-error.js';
import { isProtectedWebUri } from '../protocol/redirect-uri.js';
import { upstreamFault } from './fault.js';
import type { UpstreamProvider } from './provider.js';

/** What a provider publishes about itself, as far as it is used, and checked. */
export interface ProviderMetadata {
  /** For the library; in a fixed shape, so that a document cannot switch on what nobody asked for. */
  readonly server: ServerMetadata;
  readonly hasUserInfo: boolean;
  /** The scopes to ask for. */
  readonly scopes: readonly string[];
}

/**
 * The algorithms of ID tokens, whatever the document lists: an HS256 of theirs would be verified with a secret that is
 * no key, and `none` is not verified at all.
 */
const idTokenAlgorithms = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');

/** Finds at start what no discovery can mend: a sentence for each fault, which says what to do. */
export function faultsOf({ issuer, clientId, clientSecret, scopes }: UpstreamProvider): string[] {
  // Settings often come from variables that are not set, whatever the types say.
  const isText = (value: unknown) => typeof value === 'string' && value !== '';
  const isUsable = isText(issuer) && isProtectedWebUri(issuer) && !/[?#]|\/\/[^/]*@/.test(issuer);
  const faults = {
    'the issuer has to be the https URL that the provider publishes as "issuer", without query and fragment; http is for 127.0.0.1, [::1] and localhost only':
      !isUsable,
    'the issuer is what stands before /.well-known/ in the address of the discovery document':
      isUsable && issuer.includes('/.well-known/'),
    'the clientId is missing; use the one that the provider gave to your application': !isText(clientId),
    'the clientSecret is missing; make one at the provider': !isText(clientSecret),
    'the scopes have to include openid': !Array.isArray(scopes) || !scopes.includes('openid'),
  };
  return Object.entries(faults).flatMap(([text, isFault]) => (isFault ? [text] : []));
}

/**
 * Reads a provider's discovery document (OpenID Connect Discovery §4).
 *
 * @throws {AuthError} temporarily_unavailable when the provider does not answer; server_error when the document is
 *   another issuer's, or names endpoints that cannot be used
 */
export async function discover(provider: UpstreamProvider, fetch: CustomFetch): Promise<ProviderMetadata> {
  const published = await fetchDocument(provider, fetch);
  const { authorization_endpoint, token_endpoint, jwks_uri, userinfo_endpoint, scopes_supported } = published;
  // OpenID Connect Discovery §4.3: exactly the same; the library forgives differences of spelling.
  if (published.issuer !== provider.issuer) {
    throw refused(provider, 'the document is of another issuer; set issuer to exactly what the provider publishes');
  }
  const endpoints = {
    authorization_endpoint: endpoint(provider, 'authorization_endpoint', authorization_endpoint),
    token_endpoint: endpoint(provider, 'token_endpoint', token_endpoint),
    jwks_uri: endpoint(provider, 'jwks_uri', jwks_uri),
    ...(userinfo_endpoint !== undefined && {
      userinfo_endpoint: endpoint(provider, 'userinfo_endpoint', userinfo_endpoint),
    }),
  };
  return {
    server: {
      issuer: provider.issuer,
      ...endpoints,
      id_token_signing_alg_values_supported: idTokenAlgorithms,
      authorization_response_iss_parameter_supported: published.authorization_response_iss_parameter_supported === true,
    },
    hasUserInfo: userinfo_endpoint !== undefined,
    scopes: scopesFor(provider, scopes_supported),
  };
}

/** Lets the library talk to a provider without TLS. Only for one that {@link isOnLoopback}. */
// eslint-disable-next-line @typescript-eslint/no-deprecated -- deprecated so that it stands out, as it does here
export const withoutTls: (configuration: Configuration) => void = allowInsecureRequests;

/** Tells whether a provider may be talked to without TLS: its issuer says so, and that only on loopback. */
export function isOnLoopback({ issuer }: UpstreamProvider): boolean {
  return issuer.startsWith('http:');
}

async function fetchDocument(provider: UpstreamProvider, fetch: CustomFetch): Promise<ServerMetadata> {
  try {
    const execute = isOnLoopback(provider) ? [withoutTls] : [];
    // The document is public: nothing of the client's takes part in reading it.
    const options = { [customFetch]: fetch, execute };
    const configuration = await discovery(new URL(provider.issuer), provider.clientId, undefined, None(), options);
    return configuration.serverMetadata();
  } catch (thrown) {
    throw upstreamFault(provider.id, 'discovery', thrown);
  }
}

function endpoint(provider: UpstreamProvider, name: string, value: unknown): string {
  const isUsable =
    typeof value === 'string' &&
    isProtectedWebUri(value) &&
    !value.includes('#') &&
    (value.startsWith('https:') || isOnLoopback(provider));
  if (isUsable) return value;
  throw refused(provider, `the document names no ${name} that can be used`);
}

/** A provider without `offline_access` may answer `invalid_scope` to it; most give refresh tokens without. */
function scopesFor({ scopes }: UpstreamProvider, supported: unknown): readonly string[] {
  const isMissing = Array.isArray(supported) && !supported.includes('offline_access');
  return isMissing ? scopes.filter((scope) => scope !== 'offline_access') : scopes;
}

function refused({ id }: UpstreamProvider, text: string): AuthError {
  return new AuthError('server_error', 'The identity provider is not set up correctly.', {
    cause: new AuthError('server_error', `Provider ${id}, discovery: ${text}.`),
  });
}
