import { hashOfSecret, type ConfiguredClient } from '../clients/pre-registered.js';
import { randomText } from '../keys/randomness.js';
import type { RegistryEntry } from '../registry/registry-document.js';
import { application, type Actor, type TellChange } from './actor.js';
import { clientView, type ClientView } from './client-view.js';
import type { ClientDescription, DescribeClient } from './describe-client.js';
import {
  createRegistryEntries,
  pageOf,
  patched,
  type EntriesServices,
  type Page,
  type PageRequest,
} from './registry-entries.js';
import { RegistryFault } from './registry-fault.js';

/** A client after a change, with the secret that was made for it: this is the only time that it is told. */
export interface ChangedClient {
  readonly client: ClientView;
  readonly secret?: string;
}

/** The clients that are known beforehand: those of the configuration, to look at, and those of the registry. */
export interface ClientRegistry {
  /** Lists them in the order of their ids. */
  list(page?: PageRequest): Promise<Page<ClientView>>;
  /** Finds one of them. */
  find(clientId: string): Promise<ClientView | undefined>;
  /** Says what any client id is, in words too: also one that was registered by its client, and one that is nobody's. */
  show(clientId: string): Promise<ClientDescription>;
  /**
   * Adds a client.
   *
   * @param options - the members of the option `clients`, all but `clientSecret`. With `newSecret: true` it gets a secret
   *   that is made here; without a `clientId`, an id too
   * @throws {RegistryFault} invalid_request, conflict
   * @throws {AuthError} temporarily_unavailable
   */
  add(options: object, by?: Actor): Promise<ChangedClient>;
  /**
   * Changes a client: a member that is given takes the place of what is there, `null` takes it away. `newSecret: true`
   * adds a secret, beside which the one before still counts; `dropOldSecrets: true` leaves the newest only.
   *
   * @param version - what the caller has seen; without it, whatever is there is changed
   * @throws {RegistryFault} invalid_request, not_found, conflict
   * @throws {AuthError} temporarily_unavailable
   */
  change(clientId: string, options: object, by?: Actor, version?: string): Promise<ChangedClient>;
  /**
   * Removes a client. All that was issued to it counts no more, also when a client of that id is added again.
   *
   * @throws {RegistryFault} not_found, conflict
   * @throws {AuthError} temporarily_unavailable
   */
  remove(clientId: string, by?: Actor, version?: string): Promise<void>;
}

/** What the registry of clients needs. */
export interface ClientRegistryServices extends EntriesServices {
  /** The clients of the configuration and the registry, as this instance knows them. */
  readonly clients: () => ReadonlyMap<string, ConfiguredClient>;
  readonly describe: DescribeClient;
  readonly tell: TellChange;
}

/** How many secrets count at once. */
const maxSecrets = 2;

/** Keeps clients. */
export function createClientRegistry(services: ClientRegistryServices): ClientRegistry {
  const { registry, randomness, clients, describe, tell } = services;
  const entries = createRegistryEntries('clients', services);

  async function viewOf(clientId: string): Promise<ClientView | undefined> {
    const entry = await entries.find(clientId);
    const client = clients().get(clientId);
    // Where both have the name, the configuration counts.
    return client && clientView(client, client.since === undefined ? undefined : entry);
  }

  /** From what this instance knows since the change: a look that fails would lose the secret, which is told only now. */
  function changed(entry: RegistryEntry, secret: string | undefined): ChangedClient {
    const client = clients().get(entry.name);
    if (!client) throw new RegistryFault('not_found', [`${entry.name} was removed meanwhile.`]);
    return { client: clientView(client, entry), ...(secret !== undefined && { secret }) };
  }

  /** Takes apart what is to be kept and what is to be done. */
  function read(input: object) {
    const { newSecret = false, dropOldSecrets = false, ...options } = input as Record<string, unknown>;
    const rules: [boolean, string][] = [
      [
        'clientSecret' in options,
        'clientSecret is not taken: ask for one with newSecret, or give its clientSecretHash.',
      ],
      [typeof newSecret !== 'boolean', 'newSecret has to be true or false.'],
      [typeof dropOldSecrets !== 'boolean', 'dropOldSecrets has to be true or false.'],
    ];
    const faults = rules.filter(([applies]) => applies).map(([, message]) => message);
    if (faults.length > 0) throw new RegistryFault('invalid_request', faults);
    const secret = newSecret === true ? randomText(randomness, 32) : undefined;
    return { options, secret, dropsOld: dropOldSecrets === true };
  }

  function withSecrets(options: Record<string, unknown>, secret: string | undefined, dropsOld: boolean) {
    if (secret === undefined && !dropsOld) return options;
    const earlier = [options['clientSecretHash'] ?? []].flat();
    const hashes = [...(secret === undefined ? [] : [hashOfSecret(secret)]), ...earlier];
    if (hashes.length === 0) return options;
    return { ...options, clientSecretHash: hashes.slice(0, dropsOld ? 1 : maxSecrets) };
  }

  return {
    async list(page) {
      const { clients: kept } = await registry.read();
      const byName = new Map(kept.map((entry) => [entry.name, entry]));
      const all = [...clients().values()].map((client) =>
        clientView(client, client.since === undefined ? undefined : byName.get(client.clientId)),
      );
      return pageOf(all, ({ clientId }) => clientId, page);
    },

    find: viewOf,
    show: async (clientId) => describe(clientId, await viewOf(clientId)),

    async add(input, by = application) {
      const { options, secret } = read(input);
      const { clientId = randomness(12).toString('hex') } = options;
      const entry = await entries.add(String(clientId), withSecrets({ ...options, clientId }, secret, false));
      tell(by, { event: 'client.added', clientId: String(clientId) });
      return changed(entry, secret);
    },

    async change(clientId, input, by = application, version) {
      const { options, secret, dropsOld } = read(input);
      if (![undefined, clientId].includes(options['clientId'] as string | undefined)) {
        throw new RegistryFault('invalid_request', ['clientId cannot be changed: add another client.']);
      }
      const entry = await entries.change(
        clientId,
        (kept) => withSecrets(patched(kept, options), secret, dropsOld),
        version,
      );
      tell(by, { event: 'client.changed', clientId });
      return changed(entry, secret);
    },

    async remove(clientId, by = application, version) {
      await entries.remove(clientId, version);
      tell(by, { event: 'client.removed', clientId });
    },
  };
}
