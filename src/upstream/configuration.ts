import {
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  enableNonRepudiationChecks,
  type CustomFetch,
} from 'openid-client';
import { isOnLoopback, withoutTls, type ProviderMetadata } from './discovery.js';
import type { UpstreamProvider } from './provider.js';

/** Prepares the library for one conversation with a provider. */
export function configure(provider: UpstreamProvider, metadata: ProviderMetadata, fetch: CustomFetch): Configuration {
  const { clientId, clientSecret, clientAuthentication } = provider;
  // One method only: some providers refuse a request that carries the secret twice.
  const authenticate = clientAuthentication === 'client_secret_post' ? ClientSecretPost : ClientSecretBasic;
  const configuration = new Configuration(metadata.server, clientId, undefined, authenticate(clientSecret));
  configuration[customFetch] = fetch;
  // Without this the library trusts TLS alone, and a forged signature passes (OpenID Connect Core §3.1.3.7 item 6).
  enableNonRepudiationChecks(configuration);
  if (isOnLoopback(provider)) withoutTls(configuration);
  return configuration;
}
