import { z } from 'zod';
import type { Introspection } from './clients/authenticate-resource-server.js';
import { hashOfSecret, type ConfiguredClient } from './clients/pre-registered.js';
import { placeholder } from './signing-config.js';

const makeOne = 'make one with `openssl rand -base64 32`';
const hashed = /^sha256:[0-9a-f]{64}$/i;

/** A key of at least 32 random characters, plain or as its hash; of either only the hash is kept. */
export const hashedKey = z
  .string({ error: 'has to be text' })
  .refine((text) => hashed.test(text) || !text.startsWith('sha256:'), {
    error: 'has to be sha256: and the 64 hexadecimal digits of the hash',
    abort: true,
  })
  .refine((text) => text.length >= 32, { error: `has to have at least 32 random characters: ${makeOne}` })
  // RFC 6750 §2.1: what can be sent as a bearer.
  .refine((text) => hashed.test(text) || /^[A-Za-z0-9._~+/-]+=*$/.test(text), {
    error: `has characters that cannot stand in a header: ${makeOne}`,
  })
  .refine((text) => !placeholder.test(text), { error: `is a placeholder: ${makeOne}` })
  .transform((text) => (hashed.test(text) ? text.slice('sha256:'.length).toLowerCase() : hashOfSecret(text)))
  .refine((hash) => hash !== hashOfSecret(''), { error: 'is the hash of nothing: the key was empty' });

/** The option `introspection` of a resource. */
export const introspection = z
  .strictObject({
    keys: z.array(hashedKey, { error: 'has to be a list' }).default([]),
    clients: z.array(z.string(), { error: 'has to be a list' }).default([]),
  })
  .refine(({ keys, clients }) => keys.length + clients.length > 0, {
    error: 'names nobody: give keys or clients, or leave it out',
  })
  .transform(({ keys, clients }): Introspection => ({ keyHashes: keys, clientIds: clients }));

/** A resource, as far as its introspection has to fit the rest. */
interface IntrospectedResource {
  readonly url: string;
  readonly introspection?: Introspection;
}

/**
 * Says what is wrong with introspection as it stands among the rest of a configuration.
 *
 * @param secrets - every secret of the configuration but those of its clients
 */
export function introspectionFaults(
  resources: readonly IntrospectedResource[],
  clients: readonly ConfiguredClient[],
  secrets: readonly string[],
): string[] {
  const ofClients = clients.flatMap(({ proof }) => (proof.kind === 'secret' ? proof.hashes : []));
  const taken = [...secrets.map(hashOfSecret), ...ofClients];
  const keys = resources.flatMap(({ introspection }) => introspection?.keyHashes ?? []);
  return resources.flatMap(({ url, introspection: { keyHashes, clientIds } = { keyHashes: [], clientIds: [] } }) => {
    const named = clientIds.map((id) => ({ id, client: clients.find(({ clientId }) => clientId === id) }));
    const unknown = named.filter(({ client }) => !client).map(({ id }) => id);
    // Whoever knows the id of a public client could ask as it.
    const open = named.filter(({ client }) => client?.proof.kind === 'none').map(({ id }) => id);
    const isTwice = (hash: string) => keys.indexOf(hash) !== keys.lastIndexOf(hash);
    const rules: [boolean, string][] = [
      [unknown.length > 0, `names clients that are not configured: ${unknown.join(', ')}`],
      [open.length > 0, `names clients without a secret or keys: ${open.join(', ')}`],
      [keyHashes.some((hash) => taken.includes(hash)), 'has a key that is used for something else too'],
      [keyHashes.some(isTwice), 'has a key that is there twice: give each resource keys of its own'],
    ];
    return rules.filter(([applies]) => applies).map(([, message]) => `introspection of ${url} ${message}.`);
  });
}

/** How resource servers may authenticate here, in the words of RFC 8414 §2: the methods of clients, and `Bearer`. */
export function introspectionMethodsOf(
  resources: readonly IntrospectedResource[],
  clients: readonly ConfiguredClient[],
): readonly string[] {
  const all = resources.flatMap(({ introspection }) => introspection ?? []);
  const ids = all.flatMap(({ clientIds }) => clientIds);
  const ofKeys = all.some(({ keyHashes }) => keyHashes.length > 0) ? ['Bearer', 'client_secret_basic'] : [];
  const ofClients = clients
    .filter(({ clientId }) => ids.includes(clientId))
    .map(({ metadata }) => metadata.token_endpoint_auth_method);
  return [...new Set([...ofKeys, ...ofClients])];
}
