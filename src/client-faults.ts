import { hashOfSecret, type ConfiguredClient } from './clients/pre-registered.js';

/** What of a configuration its clients have to fit. */
export interface ClientSurroundings {
  /** Every scope that a client can be granted. */
  readonly scopes: readonly string[];
  /** The URLs of the resources. */
  readonly resources: readonly string[];
  readonly providers: number;
  /** Every other secret of the configuration. */
  readonly secrets: readonly string[];
}

/** Says what is wrong with configured clients as they stand among each other and in their surroundings. */
export function clientFaults(clients: readonly ConfiguredClient[], surroundings: ClientSurroundings): string[] {
  const { resources, providers, secrets } = surroundings;
  const known = { scopes: surroundings.scopes, urls: resources };
  const ids = clients.map(({ clientId }) => clientId);
  const ofOthers = secrets.map(hashOfSecret);
  const hashes = clients.flatMap(({ proof }) => (proof.kind === 'secret' ? proof.hashes : []));
  const isUsedTwice = (hash: string) => hashes.indexOf(hash) !== hashes.lastIndexOf(hash);

  const faults = clients.flatMap(({ clientId, limits, skipsConsent, proof }) => {
    const scopes = (limits.scopes ?? []).filter((scope) => !known.scopes.includes(scope));
    const urls = (limits.resources ?? []).filter((url) => !known.urls.includes(url));
    const own = proof.kind === 'secret' ? proof.hashes : [];
    const rules: [boolean, string][] = [
      [scopes.length > 0, `has scopes that no resource has: ${scopes.join(', ')}`],
      [urls.length > 0, `has resources that are not configured: ${urls.join(', ')}`],
      [
        own.some((hash) => ofOthers.includes(hash)),
        'has a secret that is used for something else too: give it one of its own',
      ],
      [own.some(isUsedTwice), 'has the secret of another client: give each one of its own'],
      // With several, somebody has to be asked which one.
      [skipsConsent && providers > 1, 'can only skip the consent where there is one provider'],
    ];
    return rules.filter(([applies]) => applies).map(([, message]) => `clients (${clientId}) ${message}.`);
  });
  return new Set(ids).size < ids.length ? [...faults, 'clients has two with the same clientId.'] : faults;
}
