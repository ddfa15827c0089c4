import { createHash } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { lengthPrefixed } from '../keys/mac.js';
import { randomText, type Randomness } from '../keys/randomness.js';
import type { AuthError } from '../protocol/auth-error.js';
import { clockTolerance, type Clock } from '../storage/clock.js';
import type { Key, Store } from '../storage/store.js';
import { writeOnce } from '../storage/write-once.js';
import { maxAssertionLength, type VerifyAssertion } from './client-assertion.js';
import { assertionAlgorithms, type ClientKey } from './client-keys.js';
import { clientRefusal } from './client-refusal.js';
import type { Client } from './client.js';

const maxIdentifierLength = 512;
/** Seconds that an assertion may live at most: for as long its `jti` is remembered. */
const maxAssertionTtl = 600;

/** Tokens of other kinds are signed with the same keys (RFC 8725 §3.11): only these are meant for this. */
const assertionTypes = /^(?:application\/)?(?:jwt|client-authentication\+jwt)$/i;

/** What has to be in an assertion (RFC 7523 §3); `jti`, so that it can be spent. */
const requiredClaims = ['iss', 'sub', 'aud', 'exp', 'jti'];

/**
 * Verifies assertions with the keys of their client.
 *
 * @param audiences - the names under which clients know this server: its issuer and its token endpoint
 */
export function createVerifyAssertion(
  audiences: readonly string[],
  store: Store,
  clock: Clock,
  randomness: Randomness,
): VerifyAssertion {
  return async (assertion, client) => {
    if (assertion.length > maxAssertionLength) throw clientRefusal('The assertion is too long.');
    const claims = await provenClaims(assertion, client, [...audiences], clock);
    const { expiresAt, jti } = spendable(claims, clock());
    // Last of all: whoever could spend one before it is proven would shut others out (RFC 7523 §3, item 7).
    const isFirst = await writeOnce(store, keyOf(client.clientId, jti), 'spent', {
      version: randomText(randomness),
      // Longer than any instance takes it for valid, however its clock goes.
      expiresAt: Math.ceil(expiresAt + 2 * clockTolerance),
      expect: 'absent',
    });
    if (!isFirst) throw clientRefusal('The assertion was used before.');
  };
}

/** Where it is noted that an assertion was spent: a hash, since a stranger's text is no key. */
function keyOf(clientId: string, jti: string): Key {
  const id = createHash('sha256')
    .update(lengthPrefixed([clientId, jti]))
    .digest('base64url');
  return { partition: 'assertion', id };
}

async function provenClaims(assertion: string, client: Client, audience: string[], clock: Clock): Promise<JWTPayload> {
  const { alg, kid } = readHeader(assertion);
  const keys = await client.keys?.current();
  if (!keys) throw clientRefusal('The client has no keys.');
  const verify = (candidates: readonly ClientKey[]) =>
    verifyWithAny(assertion, fitting(candidates, alg, kid), {
      issuer: client.clientId,
      subject: client.clientId,
      audience,
      requiredClaims,
      clockTolerance,
      currentDate: new Date(clock() * 1000),
    });
  const claims = await verify(keys);
  if (claims) return claims;
  // A signature that is wrong under the very key that it names does not come from another one.
  const isNamed = kid !== undefined && keys.some((key) => key.kid === kid);
  const renewed = isNamed ? undefined : await client.keys?.renewed(keys);
  const late = renewed && (await verify(renewed));
  if (!late) throw clientRefusal('The assertion is not signed with a key of the client.');
  return late;
}

/** The parameters of the header that count. Whatever key it brings or points to (`jwk`, `jku`, `x5u`) does not. */
function readHeader(assertion: string): { alg: string; kid: string | undefined } {
  let header: Record<string, unknown>;
  try {
    header = { ...decodeProtectedHeader(assertion) };
  } catch {
    throw clientRefusal('The assertion is malformed.');
  }
  const { alg, kid, typ = 'JWT' } = header;
  // Before any key is looked for: what nobody verifies here must not cause a request.
  if (!assertionAlgorithms.some((each) => each === alg)) throw clientRefusal('The assertion has a wrong alg.');
  if (typeof typ !== 'string' || !assertionTypes.test(typ)) throw clientRefusal('The assertion has a wrong typ.');
  if (kid !== undefined && typeof kid !== 'string') throw clientRefusal('The assertion has a wrong kid.');
  return { alg: alg as string, kid };
}

/** The keys that may have signed: all of the algorithm when either side gives no name, as the MCP SDK does. */
function fitting(keys: readonly ClientKey[], alg: string, kid: string | undefined): ClientKey[] {
  return keys.filter((key) => key.algorithm === alg && (kid === undefined || key.kid === undefined || key.kid === kid));
}

/** Verifies with the first key that signed it; undefined when none did. */
async function verifyWithAny(
  assertion: string,
  keys: readonly ClientKey[],
  options: NonNullable<Parameters<typeof jwtVerify>[2]>,
): Promise<JWTPayload | undefined> {
  for (const { key, algorithm } of keys) {
    try {
      return (await jwtVerify(assertion, key, { ...options, algorithms: [algorithm] })).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw claimFault(error);
    }
  }
  return undefined;
}

function claimFault(error: unknown): AuthError {
  const isClaim = error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired;
  return clientRefusal(isClaim ? `The assertion has a wrong ${error.claim}.` : 'The assertion is malformed.');
}

/** What the library does not look at: how long it lives, that it does not come from the future, and its name. */
function spendable({ exp, iat, jti }: JWTPayload, now: number): { expiresAt: number; jti: string } {
  if (exp === undefined || exp > now + maxAssertionTtl + clockTolerance) {
    throw clientRefusal('The assertion lives too long.');
  }
  if (iat !== undefined && iat > now + clockTolerance) throw clientRefusal('The assertion has a wrong iat.');
  if (typeof jti !== 'string' || jti === '' || jti.length > maxIdentifierLength) {
    throw clientRefusal('The assertion has a wrong jti.');
  }
  return { expiresAt: exp, jti };
}
