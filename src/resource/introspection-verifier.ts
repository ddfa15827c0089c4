import { FetchFault } from '../clients/fetch-fault.js';
import { AuthError } from '../protocol/auth-error.js';
import type { ProvenClaims } from '../protocol/access-token-claims.js';
import { refusedToken } from '../protocol/refused-token.js';
import { BoundedMap } from '../storage/bounded-map.js';
import { isWithin, type Clock } from '../storage/clock.js';
import type { RemoteCopy } from '../storage/remote-copy.js';
import { acceptClaims, requireFitting } from './accept-claims.js';
import type { AskIssuer } from './ask-issuer.js';
import { authInfoOf } from './auth-info.js';
import { issuerUnavailable, type IssuerMetadata } from './issuer-metadata.js';
import { readUnproven } from './token-parts.js';
import type { VerifyAccessToken } from './verify-access-token.js';

/** How a resource server proves that it is the one to ask about its tokens: a key of its own, or a client's secret. */
export type IntrospectionCredentials =
  { readonly key: string } | { readonly clientId: string; readonly clientSecret: string };

/** What a verifier by introspection asks, and how. */
export interface IntrospectionServices {
  readonly issuer: string;
  readonly metadata: RemoteCopy<IssuerMetadata>;
  readonly ask: AskIssuer;
  readonly clock: Clock;
}

/** What the issuer said of a token at an instant: its claims, or that it is worth nothing. */
interface Answer {
  readonly claims: Record<string, unknown> | undefined;
  readonly at: number;
}

const maxGood = 5000;
/** Apart from the good ones, which strangers' junk must not push out. */
const maxRefused = 1000;
const maxInFlight = 64;

/**
 * Verifies tokens by asking their issuer what they are worth (RFC 7662): what was ended counts no longer than an answer
 * is kept.
 *
 * While the issuer is away nothing new can be told. A question that is under way is answered to all who ask it meanwhile.
 *
 * @param cacheTtl - seconds for which an answer is kept; 0 keeps none
 */
export function createIntrospectionVerifier(
  { issuer, metadata, ask, clock }: IntrospectionServices,
  credentials: IntrospectionCredentials,
  cacheTtl: number,
): VerifyAccessToken {
  const authorization = authorizationOf(credentials);
  const good = new BoundedMap<string, Answer>(maxGood);
  const refused = new BoundedMap<string, Answer>(maxRefused);
  const inFlight = new Map<string, Promise<Answer>>();

  function keptAnswer(token: string): Answer | undefined {
    const kept = good.get(token) ?? refused.get(token);
    return kept && isWithin(kept.at, cacheTtl, clock()) ? kept : undefined;
  }

  async function question(token: string): Promise<Answer> {
    // The answer may be as old as the question.
    const at = clock();
    const { introspectionEndpoint: url } = await metadata.current();
    if (url === undefined) throw issuerUnavailable(misfit('The metadata has no introspection_endpoint.'));
    const body = new URLSearchParams({ token, token_type_hint: 'access_token' });
    const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
    const said = await ask(url, { method: 'POST', headers, body: body.toString() }).catch((error: unknown) => {
      throw issuerUnavailable(isRefusal(error) ? notAccepted(error) : error);
    });
    const answer = { claims: claimsOf(said), at };
    if (cacheTtl > 0) keep(token, answer);
    return answer;
  }

  function keep(token: string, answer: Answer): void {
    good.delete(token);
    (answer.claims ? good : refused).set(token, answer);
  }

  function questionOnce(token: string): Promise<Answer> {
    const running = inFlight.get(token);
    if (running) return running;
    if (inFlight.size >= maxInFlight) throw issuerUnavailable(new FetchFault('BUSY'));
    const asked = question(token).finally(() => inFlight.delete(token));
    inFlight.set(token, asked);
    return asked;
  }

  return async (token, resource) => {
    const expected = () => ({ issuer, resource, now: clock() });
    let answer = keptAnswer(token);
    if (!answer) {
      // What counts nowhere costs the issuer nothing.
      requireFitting((await readUnproven(token)).claims, expected());
      answer = await questionOnce(token);
    }
    if (!answer.claims) throw refusedToken('inactive');
    return authInfoOf(token, accept(answer.claims, expected()));
  };
}

/** RFC 7662 §2.2: all but `active` may be missing. Who answers is known, so `iss` may be. */
function accept(claims: Record<string, unknown>, expected: Parameters<typeof acceptClaims>[1]): ProvenClaims {
  return acceptClaims({ iss: expected.issuer, ...claims }, expected);
}

/** Members that speak of the answer, and are no claims of the token. */
const notClaims = ['active', 'token_type'];

/** @throws {AuthError} temporarily_unavailable when the answer is none */
function claimsOf(answer: Record<string, unknown>): Answer['claims'] {
  const { active } = answer;
  if (typeof active !== 'boolean') throw issuerUnavailable(misfit('The answer of the introspection_endpoint is none.'));
  if (!active) return undefined;
  return Object.fromEntries(Object.entries(answer).filter(([name]) => !notClaims.includes(name)));
}

function authorizationOf(credentials: IntrospectionCredentials): string {
  if ('key' in credentials) return `Bearer ${credentials.key}`; // RFC 7662 §2.1
  const { clientId, clientSecret } = credentials;
  return `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}`; // RFC 6749 §2.3.1
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

function isRefusal(error: unknown): boolean {
  return error instanceof FetchFault && (error.code === 'STATUS_401' || error.code === 'STATUS_403');
}

/** For the log of the operator: it is this server's fault, and no token's. */
function notAccepted(cause: unknown): AuthError {
  const reason = 'The authorization server does not accept what this resource server asks with: check introspection.';
  return new AuthError('invalid_client', reason, { cause });
}

function misfit(reason: string): AuthError {
  return new AuthError('temporarily_unavailable', reason);
}
