import { createHash } from 'node:crypto';
import { secretsEqual } from '../keys/mac.js';
import type { ClientMetadata } from '../protocol/client-metadata.js';
import { fixedKeys, type ClientKey, type ClientKeys } from './client-keys.js';
import type { Client, ClientLimits } from './client.js';

/** A client as it was configured. */
export interface ConfiguredClient {
  readonly clientId: string;
  readonly metadata: ClientMetadata;
  readonly limits: ClientLimits;
  readonly skipsConsent: boolean;
  /** What proves that it is the client; nothing, for a public one. */
  readonly proof:
    | { readonly kind: 'none' }
    /** The {@link hashOfSecret} of its secret; of each of several, while one is replaced by another. */
    | { readonly kind: 'secret'; readonly hashes: readonly string[] }
    | { readonly kind: 'keys'; readonly keys: readonly ClientKey[] }
    | { readonly kind: 'remote keys'; readonly jwksUri: string };
  /** When it was added while the server ran; absent for one of the configuration itself. */
  readonly since?: number;
}

/** What is kept of a client's secret: SHA-256 in hex. Such a secret has too much entropy to be searched for. */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Makes clients of the configuration, by their ids. */
export function preRegisteredClients(
  configured: readonly ConfiguredClient[],
  keysAt: (jwksUri: string) => ClientKeys,
): ReadonlyMap<string, Client> {
  return new Map(configured.map((each) => [each.clientId, preRegistered(each, keysAt)]));
}

function preRegistered(
  { clientId, metadata, limits, skipsConsent, proof, since }: ConfiguredClient,
  keysAt: (jwksUri: string) => ClientKeys,
): Client {
  const client = {
    clientId,
    metadata,
    limits,
    skipsConsent,
    isPreRegistered: true,
    authenticationMethod: metadata.token_endpoint_auth_method,
    ...(since !== undefined && { since }),
  };
  // What has no secret compares just as long, with what no hash is.
  const hashes = proof.kind === 'secret' ? proof.hashes : [''];
  return {
    ...client,
    secretMatches: (presented) => {
      const presentedHash = hashOfSecret(presented);
      return hashes.map((hash) => secretsEqual(presentedHash, hash)).includes(true);
    },
    ...(proof.kind === 'keys' && { keys: fixedKeys(proof.keys) }),
    ...(proof.kind === 'remote keys' && { keys: keysAt(proof.jwksUri) }),
  };
}

/** The clients that may act for themselves: their ids are subjects of tokens. */
export function machineClientIds(configured: readonly ConfiguredClient[]): ReadonlySet<string> {
  const machines = configured.filter(({ metadata }) => metadata.grant_types.includes('client_credentials'));
  return new Set(machines.map(({ clientId }) => clientId));
}
