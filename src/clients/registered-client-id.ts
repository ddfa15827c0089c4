import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { KeyRing } from '../keys/key-ring.js';
import { macText, secretsEqual } from '../keys/mac.js';
import { AuthError } from '../protocol/auth-error.js';
import { parseClientMetadata, type ClientMetadata } from '../protocol/client-metadata.js';
import { BoundedMap } from '../storage/bounded-map.js';
import type { Client } from './client.js';
import { registrationDictionary1 } from './registration-dictionary.js';

/** Makes and reads the ids of clients that registered themselves (RFC 7591). Nothing of a registration is stored. */
export interface RegisteredClientIds {
  /**
   * Makes an id that holds a client's metadata. A public client gets the same id whenever it registers the same.
   *
   * @throws {AuthError} invalid_client_metadata when the id would be too long
   */
  issue(metadata: ClientMetadata): RegisteredCredentials;
  /** Reads the client out of an id, or answers undefined when this installation did not make the id. */
  read(clientId: string): Client | undefined;
  /** The secret of a confidential client that {@link read} knows. */
  secretOf(clientId: string): string | undefined;
}

/** What a client receives when it registers. */
export interface RegisteredCredentials {
  readonly clientId: string;
  /** Absent for a public client. It never expires. */
  readonly clientSecret?: string;
}

const maxIdLength = 1024;
const maxJsonBytes = 8192;
const secretBytes = 32;
const nonceBytes = 12;

/** The name of the key, the format and the metadata, and the MAC. Without a colon, so it never looks like a URL. */
const idShape = /^([A-Za-z0-9_-]{1,16})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{22})$/;

/** Tells whether an id looks as if it had been made here; no other kind of client may have such a one. */
export function looksRegistered(clientId: string): boolean {
  return idShape.test(clientId);
}

/** The first byte of the payload: JSON, deflated with the dictionary of that number. */
const format1 = 1;

/** What an id of format 1 leaves out. Never to be changed: it would change what the existing ids say. */
const defaults1 = {
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
} as const satisfies Partial<ClientMetadata>;

/** At most some megabytes. */
const maxPacked = 500;

/** Small buffers: to make room for more than an id can hold costs more than to deflate what it does. */
const chunkSize = 1024;
const deflating = { level: 9, windowBits: 12, memLevel: 4, chunkSize, dictionary: registrationDictionary1 };
const inflating = { maxOutputLength: maxJsonBytes, chunkSize, dictionary: registrationDictionary1 };

/**
 * Makes ids that are their own registration: `kid.payload.mac`.
 *
 * The MAC covers the payload as text, so another base64url spelling of the same bytes is another, invalid id.
 */
export function createRegisteredClientIds(ring: KeyRing, randomness: Randomness): RegisteredClientIds {
  const secretOf = (kid: string, clientId: string) => {
    const key = ring.find('client secret', kid);
    return key && macText(key, [clientId], secretBytes);
  };

  // An application registers the same for each of its users: to deflate it costs half of what answering it does.
  const packed = new BoundedMap<string, string>(maxPacked);
  function pack(metadata: ClientMetadata, nonce: string | undefined): string {
    const json = jsonOf(metadata, nonce);
    const known = packed.get(json);
    if (known !== undefined) return known;
    const payload = deflated(json);
    // One with a nonce never comes again.
    if (nonce === undefined) packed.set(json, payload);
    return payload;
  }

  return {
    secretOf: (clientId) => secretOf(idShape.exec(clientId)?.[1] ?? '', clientId),

    issue(metadata) {
      const isPublic = metadata.token_endpoint_auth_method === 'none';
      // Two confidential clients may register the same metadata, and must not receive the same secret.
      const payload = pack(metadata, isPublic ? undefined : randomText(randomness, nonceBytes));
      const { kid, key } = ring.current('client id');
      const clientId = `${kid}.${payload}.${macText(key, [payload])}`;
      if (clientId.length > maxIdLength) throw tooLong();
      return isPublic ? { clientId } : { clientId, clientSecret: secretOf(kid, clientId) };
    },

    read(clientId) {
      if (clientId.length > maxIdLength) return undefined;
      const [, kid = '', payload = '', tag = ''] = idShape.exec(clientId) ?? [];
      const key = ring.find('client id', kid);
      // Nothing is inflated or parsed that was not made here.
      if (!key || !secretsEqual(tag, macText(key, [payload]))) return undefined;
      const metadata = unpack(payload);
      if (!metadata) return undefined;
      const authenticationMethod = metadata.token_endpoint_auth_method;
      return {
        clientId,
        metadata,
        authenticationMethod,
        secretMatches(presented) {
          const secret = authenticationMethod === 'none' ? undefined : secretOf(kid, clientId);
          return secret !== undefined && secretsEqual(presented, secret);
        },
      };
    },
  };
}

/**
 * Writes metadata in one order of members and without its defaults.
 *
 * Another release of zlib may deflate the same text to other bytes: an id then stays valid, and only a client that
 * registers once more gets a different one.
 */
function jsonOf(metadata: ClientMetadata, nonce: string | undefined): string {
  const { redirect_uris, client_name, client_uri, tos_uri, policy_uri } = metadata;
  const { scope, software_id, software_version, application_type } = metadata;
  const json = JSON.stringify({
    redirect_uris,
    grant_types: unlessDefault('grant_types', metadata),
    token_endpoint_auth_method: unlessDefault('token_endpoint_auth_method', metadata),
    client_name,
    client_uri,
    tos_uri,
    policy_uri,
    software_id,
    software_version,
    scope,
    application_type,
    nonce,
  });
  if (Buffer.byteLength(json) > maxJsonBytes) throw tooLong();
  return json;
}

function deflated(json: string): string {
  return Buffer.concat([Buffer.of(format1), deflateRawSync(json, deflating)]).toString('base64url');
}

function unlessDefault(member: keyof typeof defaults1, metadata: ClientMetadata): unknown {
  const isDefault = String(metadata[member]) === String(defaults1[member]);
  return isDefault ? undefined : metadata[member];
}

/**
 * Reads what {@link deflated} wrote, through the same checks as a new registration: what is found to be dangerous later is
 * thereby refused in older ids too.
 */
function unpack(payload: string): ClientMetadata | undefined {
  const bytes = Buffer.from(payload, 'base64url');
  if (bytes[0] !== format1) return undefined;
  try {
    const json = inflateRawSync(bytes.subarray(1), inflating).toString('utf8');
    return parseClientMetadata({ ...defaults1, ...(JSON.parse(json) as object) });
  } catch {
    return undefined;
  }
}

function tooLong(): AuthError {
  return new AuthError('invalid_client_metadata', 'The client metadata is too long: register fewer or shorter values.');
}
