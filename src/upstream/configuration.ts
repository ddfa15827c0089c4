import {
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  enableNonRepudiationChecks,
  type ClientAuth,
  type CustomFetch,
  type ServerMetadata,
} from 'openid-client';
import { withoutTls } from './discovery.js';
import { isOnLoopback } from './endpoint.js';
import type { UpstreamProvider } from './provider.js';

/** Prepares the library for one conversation with a provider, in which the client proves itself in the usual way. */
export function configure(
  provider: UpstreamProvider,
  server: ServerMetadata,
  fetch: CustomFetch,
  authentication: ClientAuth = clientAuthenticationOf(provider),
): Configuration {
  const configuration = new Configuration(server, provider.clientId, undefined, authentication);
  configuration[customFetch] = fetchFor(provider, server, fetch);
  // The fetch that it is given has a limit of its own.
  configuration.timeout = 0;
  // Without this the library trusts TLS alone, and a forged signature passes (OpenID Connect Core §3.1.3.7 item 6).
  enableNonRepudiationChecks(configuration);
  if (isOnLoopback(provider)) withoutTls(configuration);
  return configuration;
}

/** One method only: some providers refuse a request that carries the secret twice. */
function clientAuthenticationOf({ clientAuthentication, clientSecret }: UpstreamProvider): ClientAuth {
  const authenticate = clientAuthentication === 'client_secret_post' ? ClientSecretPost : ClientSecretBasic;
  return authenticate(clientSecret);
}

/** Adds the provider's own headers to those of the protocol, which they cannot replace. */
export function fetchFor(
  { headers }: UpstreamProvider,
  { token_endpoint, userinfo_endpoint }: Pick<ServerMetadata, 'token_endpoint' | 'userinfo_endpoint'>,
  fetch: CustomFetch,
): CustomFetch {
  if (!headers) return fetch;
  const own = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return (url, options) => {
    if (url !== token_endpoint && url !== userinfo_endpoint) return fetch(url, options);
    return fetch(url, { ...options, headers: { ...(Object.fromEntries(own) as object), ...options.headers } });
  };
}
