import { customFetch, getJwksCache, setJwksCache, type Configuration, type CustomFetch } from 'openid-client';
import { configure, fetchFor } from './configuration.js';
import type { ProviderMetadata } from './discovery.js';
import type { UpstreamProvider } from './provider.js';

/** The provider's keys, as the library keeps them. */
export type KnownKeys = ReturnType<typeof getJwksCache>;

/** Lends the library's view of a provider to one conversation at a time. */
export interface Configurations {
  /**
   * Does something with a configuration that nobody else has meanwhile.
   *
   * @param keys - the provider's keys that it starts with; without any it fetches them
   * @param issuer - what the provider's ID tokens say, which need not be what its metadata says
   */
  lend<T>(
    server: ProviderMetadata['server'],
    issuer: string,
    keys: KnownKeys,
    fetch: CustomFetch,
    act: (configuration: Configuration) => Promise<T>,
  ): Promise<T>;
}

interface Idle {
  readonly configuration: Configuration;
  readonly server: ProviderMetadata['server'];
  readonly issuer: string;
  /** Those that it has imported. Known by what they are, and not by when they came: two may come in one second. */
  readonly keys: KnownKeys;
}

/** As many sign-ins at a time as are worth remembering for. */
const maxIdle = 32;

/**
 * Keeps configurations that are not in use: each of them imports the provider's keys once, which costs as much as to
 * verify two tokens.
 */
export function createConfigurations(provider: UpstreamProvider): Configurations {
  const idle: Idle[] = [];

  function take(server: Idle['server'], issuer: string, keys: KnownKeys): Configuration {
    const index = idle.findIndex(
      (each) =>
        each.server === server &&
        each.issuer === issuer &&
        keys !== undefined &&
        each.keys === keys &&
        // The library may have fetched newer ones for whoever lent it last, and puts them where the old ones were.
        getJwksCache(each.configuration)?.uat === keys.uat,
    );
    const [found] = index < 0 ? [] : idle.splice(index, 1);
    if (found) return found.configuration;
    const made = configure(provider, { ...server, issuer }, unavailable);
    if (keys) setJwksCache(made, keys);
    return made;
  }

  return {
    async lend(server, issuer, keys, fetch, act) {
      const configuration = take(server, issuer, keys);
      configuration[customFetch] = fetchFor(provider, server, fetch);
      try {
        return await act(configuration);
      } finally {
        const used = getJwksCache(configuration);
        // The oldest go first: the keys of that time may not be those of now.
        idle.unshift({ configuration, server, issuer, keys: used?.uat === keys?.uat ? keys : used });
        idle.length = Math.min(idle.length, maxIdle);
      }
    },
  };
}

function unavailable(): never {
  throw new TypeError('A configuration is used only while it is lent.');
}
