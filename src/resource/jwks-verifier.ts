import { refusedToken } from '../protocol/refused-token.js';
import { BoundedMap } from '../storage/bounded-map.js';
import type { Clock } from '../storage/clock.js';
import type { RemoteCopy } from '../storage/remote-copy.js';
import { acceptClaims, requireFitting, type Expected } from './accept-claims.js';
import { authInfoOf } from './auth-info.js';
import type { IssuerKey } from './issuer-keys.js';
import { loadJose } from './jose.js';
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

  async function prove(token: string, expected: Expected): Promise<Proven['claims']> {
    const earlier = proven.get(token);
    if (earlier && earlier.keys === (await keys.current())) return earlier.claims;
    const { header, claims } = await readUnproven(token);
    const { algorithm, kid } = requireHeader(header, algorithms);
    // Before any key is looked for: what counts nowhere must not cause a request.
    requireFitting(claims, expected);
    const found = await findKey(keys, kid, algorithm);
    const { compactVerify } = await loadJose();
    try {
      await compactVerify(token, found.key, { algorithms: [algorithm] });
    } catch {
      throw refusedToken('bad signature or claims');
    }
    proven.set(token, { claims, keys: found.keys });
    return claims;
  }

  return async (token, resource) => {
    const claims = await prove(token, { issuer, resource, now: clock() });
    // Whatever was kept or waited for: its time is looked at now.
    return authInfoOf(token, acceptClaims(claims, { issuer, resource, now: clock() }));
  };
}

/** Looks at what counts of a header, before any key is looked for. Whatever key it brings or points to (`jwk`, `jku`, `x5c`, `x5u`) does not. */
function requireHeader({ typ, alg, crit, kid }: Record<string, unknown>, algorithms: readonly string[]) {
  if (typeof typ !== 'string' || !accessTokenType.test(typ)) throw refusedToken('wrong typ');
  const algorithm = algorithms.find((each) => each === alg);
  if (algorithm === undefined) throw refusedToken('wrong alg');
  if (crit !== undefined) throw refusedToken('critical extension'); // RFC 7515 §4.1.11: none is understood
  if (typeof kid !== 'string' || kid === '') throw refusedToken('unknown key');
  return { algorithm, kid };
}

async function findKey(
  published: RemoteCopy<Keys>,
  kid: string,
  algorithm: string,
): Promise<{ key: IssuerKey['key']; keys: Keys }> {
  const isNamed = (key: IssuerKey) => key.kid === kid;
  const known = await published.current();
  const keys = known.some(isNamed) ? known : await published.renewed(known);
  const named = keys?.filter(isNamed) ?? [];
  if (!keys || named.length === 0) throw refusedToken('unknown key');
  const found = named.find((each) => each.algorithm === algorithm);
  if (!found) throw refusedToken('wrong alg'); // RFC 8725 §3.1
  return { key: found.key, keys };
}
