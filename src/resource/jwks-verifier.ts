import { compactVerify } from 'jose';
import { refusedToken } from '../protocol/refused-token.js';
import { BoundedMap } from '../storage/bounded-map.js';
import type { Clock } from '../storage/clock.js';
import type { RemoteCopy } from '../storage/remote-copy.js';
import { acceptClaims } from './accept-claims.js';
import { authInfoOf } from './auth-info.js';
import type { IssuerKey } from './issuer-keys.js';
import { readUnproven } from './token-parts.js';
import type { VerifyAccessToken } from './verify-access-token.js';

type Keys = readonly IssuerKey[];

interface Proven {
  readonly claims: Record<string, unknown>;
  /** Among which its key was: newer ones have to prove it again, since a key may have been withdrawn. */
  readonly keys: Keys;
}

const maxCachedTokens = 5000;

/** RFC 9068 §4: an ID token is no access token. A media type, so its case does not count (RFC 7515 §4.1.9). */
const accessTokenType = /^(?:application\/)?at\+jwt$/i;

/**
 * Verifies tokens by the keys that their issuer publishes (RFC 9068 §4), far from it and without asking it.
 *
 * It learns of a revocation only when the token expires. Known tokens cost a look-up; while the issuer is away, the keys
 * that are known still serve, for a day.
 *
 * @param algorithms - what tokens may be signed with
 */
export function createJwksVerifier(
  issuer: string,
  algorithms: readonly string[],
  keys: RemoteCopy<Keys>,
  clock: Clock,
): VerifyAccessToken {
  const proven = new BoundedMap<string, Proven>(maxCachedTokens);

  async function prove(token: string): Promise<Proven['claims']> {
    const known = await keys.current();
    const earlier = proven.get(token);
    if (earlier?.keys === known) return earlier.claims;
    const { header, claims } = readUnproven(token);
    const { algorithm, kid } = requireHeader(header, algorithms);
    const found = await findKey(keys, known, kid);
    if (found.key.algorithm !== algorithm) throw refusedToken('wrong alg'); // RFC 8725 §3.1
    try {
      await compactVerify(token, found.key.key, { algorithms: [algorithm] });
    } catch {
      throw refusedToken('bad signature or claims');
    }
    proven.set(token, { claims, keys: found.keys });
    return claims;
  }

  return async (token, resource) => {
    const claims = await prove(token);
    return authInfoOf(token, acceptClaims(claims, { issuer, resource, now: clock() }));
  };
}

/** Looks at what counts of a header. Whatever key it brings or points to (`jwk`, `jku`, `x5c`, `x5u`) does not. */
function requireHeader({ typ, alg, crit, kid }: Record<string, unknown>, algorithms: readonly string[]) {
  if (typeof typ !== 'string' || !accessTokenType.test(typ)) throw refusedToken('wrong typ');
  // Before any key is looked for: what nobody verifies here must not cause a request.
  const algorithm = algorithms.find((each) => each === alg);
  if (algorithm === undefined) throw refusedToken('wrong alg');
  if (crit !== undefined) throw refusedToken('critical extension'); // RFC 7515 §4.1.11: none is understood
  if (typeof kid !== 'string' || kid === '') throw refusedToken('unknown key');
  return { algorithm, kid };
}

async function findKey(keys: RemoteCopy<Keys>, known: Keys, kid: string): Promise<{ key: IssuerKey; keys: Keys }> {
  const among = (set: Keys | undefined) => {
    const key = set?.find((each) => each.kid === kid);
    return set && key && { key, keys: set };
  };
  const found = among(known) ?? among(await keys.renewed(known));
  if (!found) throw refusedToken('unknown key');
  return found;
}
