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
import { isOnLoopback, isUsableEndpoint } from './endpoint.js';
import { upstreamFault } from './fault.js';
import type { UpstreamProvider } from './provider.js';

/** What a provider publishes about itself, as far as it is used, and checked. */
export interface ProviderMetadata {
  /** For the library; in a fixed shape, so that a document cannot switch on what nobody asked for. */
  readonly server: ServerMetadata;
  /** The scopes to ask for. */
  readonly scopes: readonly string[];
}

/**
 * The algorithms of ID tokens, whatever the document lists: an HS256 of theirs would be verified with a secret that is
 * no key, and `none` is not verified at all.
 */
const centralAlgorithms = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');

/**
 * Reads what a provider publishes about itself (OpenID Connect Discovery §4); for plain OAuth 2.0 nothing is fetched,
 * and its endpoints are taken from the settings.
 *
 * @throws {AuthError} temporarily_unavailable when the provider does not answer; server_error when the document is
 *   another issuer's, or names endpoints that cannot be used
 */
export async function discover(provider: UpstreamProvider, fetch: CustomFetch): Promise<ProviderMetadata> {
  const { protocol = 'oidc', endpoints = {}, idTokenAlgorithms = centralAlgorithms } = provider;
  const published = protocol === 'oauth2' ? { issuer: provider.issuer } : await fetchDocument(provider, fetch);
  if (!isIssuerOf(provider, published.issuer)) {
    throw refused(provider, 'the document is of another issuer; set issuer to exactly what the provider publishes');
  }
  const {
    authorization = published.authorization_endpoint,
    token = published.token_endpoint,
    userInfo = published.userinfo_endpoint,
    revocation = published.revocation_endpoint,
  } = endpoints;
  const isAsked = userInfo !== undefined && provider.readsUserInfo !== false;
  return {
    server: {
      issuer: published.issuer,
      authorization_endpoint: endpoint(provider, 'authorization_endpoint', authorization),
      token_endpoint: endpoint(provider, 'token_endpoint', token),
      ...(protocol === 'oidc' && { jwks_uri: endpoint(provider, 'jwks_uri', published.jwks_uri) }),
      ...(isAsked && { userinfo_endpoint: endpoint(provider, 'userinfo_endpoint', userInfo) }),
      ...(revocation !== undefined && { revocation_endpoint: endpoint(provider, 'revocation_endpoint', revocation) }),
      id_token_signing_alg_values_supported: [...idTokenAlgorithms],
      authorization_response_iss_parameter_supported: published.authorization_response_iss_parameter_supported === true,
    },
    scopes: scopesFor(provider, published.scopes_supported),
  };
}

/** Lets the library talk to a provider without TLS. Only for one that {@link isOnLoopback}. */
// eslint-disable-next-line @typescript-eslint/no-deprecated -- deprecated so that it stands out, as it does here
export const withoutTls: (configuration: Configuration) => void = allowInsecureRequests;

async function fetchDocument(provider: UpstreamProvider, fetch: CustomFetch): Promise<ServerMetadata> {
  try {
    const execute = isOnLoopback(provider) ? [withoutTls] : [];
    // The document is public: nothing of the client's takes part in reading it.
    const options = { [customFetch]: fetch, execute };
    // The whole address, so that the library leaves the comparison of issuers to us: it knows one kind of template only.
    const address = `${provider.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const configuration = await discovery(new URL(address), provider.clientId, undefined, None(), options);
    return configuration.serverMetadata();
  } catch (thrown) {
    throw upstreamFault(provider.id, 'discovery', thrown);
  }
}

/** OpenID Connect Discovery §4.3: exactly the same, except where tenants have issuers of their own at that host. */
function isIssuerOf({ issuer, issuerOfTenant }: UpstreamProvider, published: unknown): boolean {
  if (published === issuer) return true;
  return issuerOfTenant !== undefined && String(published).startsWith(`${new URL(issuer).origin}/`);
}

function endpoint(provider: UpstreamProvider, name: string, value: unknown): string {
  if (isUsableEndpoint(provider, value)) return value;
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
