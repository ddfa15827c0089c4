import {
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  enableNonRepudiationChecks,
  type CustomFetch,
  type ServerMetadata,
} from 'openid-client';
import { isOnLoopback, withoutTls } from './discovery.js';
import type { UpstreamProvider } from './provider.js';

/** Prepares the library for one conversation with a provider. */
export function configure(provider: UpstreamProvider, server: ServerMetadata, fetch: CustomFetch): Configuration {
  const { clientId, clientSecret, clientAuthentication, headers } = provider;
  // One method only: some providers refuse a request that carries the secret twice.
  const authenticate = clientAuthentication === 'client_secret_post' ? ClientSecretPost : ClientSecretBasic;
  const configuration = new Configuration(server, clientId, undefined, authenticate(clientSecret));
  configuration[customFetch] = headers ? withHeaders(headers, server, fetch) : fetch;
  // Without this the library trusts TLS alone, and a forged signature passes (OpenID Connect Core §3.1.3.7 item 6).
  enableNonRepudiationChecks(configuration);
  if (isOnLoopback(provider)) withoutTls(configuration);
  return configuration;
}

/** Adds the provider's own headers to those of the protocol, which they cannot replace. */
function withHeaders(
  headers: Readonly<Record<string, string>>,
  { token_endpoint, userinfo_endpoint }: ServerMetadata,
  fetch: CustomFetch,
): CustomFetch {
  const own = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return (url, options) => {
    if (url !== token_endpoint && url !== userinfo_endpoint) return fetch(url, options);
    return fetch(url, { ...options, headers: { ...(Object.fromEntries(own) as object), ...options.headers } });
  };
}
