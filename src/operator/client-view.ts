import type { ConfiguredClient } from '../clients/pre-registered.js';
import type { RegistryEntry } from '../registry/registry-document.js';

/** What an operator sees of an entry beside its options. */
export interface EntryView {
  /** Who said it: only what is of the registry can be changed at run time. */
  readonly origin: 'configuration' | 'registry';
  /** Epoch seconds. */
  readonly addedAt?: number;
  readonly changedAt?: number;
  /** Another one after each change, to be given back with a change that is to fit it. */
  readonly version?: string;
}

/** A client as operators see it, in the words of the option `clients`; without secrets and their hashes. */
export interface ClientView extends EntryView {
  readonly clientId: string;
  readonly name: string;
  readonly authenticationMethod: string;
  readonly redirectUris: readonly string[];
  readonly grantTypes: readonly string[];
  readonly scopes?: readonly string[];
  readonly resources?: readonly string[];
  readonly consent: 'ask' | 'skip';
  /** How many secrets count; two while one is replaced by another. */
  readonly secrets: number;
  /** Whether it proves itself by keys of its own. */
  readonly hasKeys: boolean;
}

/** Says where an entry comes from. */
export function entryView(entry: RegistryEntry | undefined): EntryView {
  if (!entry) return { origin: 'configuration' };
  const { addedAt, changedAt, version } = entry;
  return { origin: 'registry', addedAt, changedAt, version };
}

/** Shows a client; `entry` is absent for one of the configuration. */
export function clientView(client: ConfiguredClient, entry: RegistryEntry | undefined): ClientView {
  const { clientId, metadata, limits, skipsConsent, proof } = client;
  return {
    clientId,
    name: metadata.client_name ?? clientId,
    authenticationMethod: metadata.token_endpoint_auth_method,
    redirectUris: metadata.redirect_uris,
    grantTypes: metadata.grant_types,
    ...limits,
    consent: skipsConsent ? 'skip' : 'ask',
    secrets: proof.kind === 'secret' ? proof.hashes.length : 0,
    hasKeys: proof.kind === 'keys' || proof.kind === 'remote keys',
    ...entryView(entry),
  };
}
