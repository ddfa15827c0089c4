import type { FreshUpstream } from '../grants/fresh-upstream.js';
import type { Grants } from '../grants/grant-store.js';
import { AuthError, type AuthErrorCode } from '../protocol/auth-error.js';
import { accessTokenExpiry, type UpstreamSession } from '../upstream/session.js';
import { SessionLost } from '../upstream/session-lost.js';

/** An access token of the identity provider: for tool code only, which sends it to the provider's own API. */
export interface UpstreamToken {
  readonly accessToken: string;
  /** Whole epoch seconds; absent where the provider did not say. */
  readonly expiresAt?: number;
  /** What the provider granted, in its own words; absent where it did not say. */
  readonly scopes?: readonly string[];
  /** The id of the provider that issued it. */
  readonly provider: string;
}

/** What a tool asks for. */
export interface UpstreamTokenOptions {
  /** The id of the provider that the token has to be of, where users can choose. @defaultValue any */
  readonly provider?: string | undefined;
  /**
   * Seconds for which the token shall live on; of tokens that never live so long, half of their life.
   *
   * @defaultValue 60
   */
  readonly minimumTtl?: number | undefined;
}

/**
 * Why a tool gets no token of the provider.
 *
 * - `no vault`: nothing is kept for this caller: it is no user, or signed in at another provider, or one without tokens
 * - `signed out upstream`: only a new sign-in helps; where the provider said so, the grant has ended, and the client
 *   will be sent to sign in by its next request
 * - `try again`: the provider or the store is away; nothing is lost
 */
export type UpstreamTokenFault = 'no vault' | 'signed out upstream' | 'try again';

/** There is no token of the provider. The message may be shown to the user. */
export class UpstreamTokenError extends AuthError {
  readonly reason: UpstreamTokenFault;

  constructor(reason: UpstreamTokenFault, description: string, cause?: unknown) {
    super(codes[reason], description, { cause });
    this.reason = reason;
  }
}

const codes: Readonly<Record<UpstreamTokenFault, AuthErrorCode>> = {
  'no vault': 'invalid_grant',
  'signed out upstream': 'invalid_grant',
  'try again': 'temporarily_unavailable',
};

/** The caller of a tool, as both MCP SDK lines hand it on; undefined where nobody has signed in. */
export type ToolCaller = { readonly extra?: Readonly<Record<string, unknown>> | undefined } | undefined;

/**
 * Answers a fresh access token of the provider at which the user of a request signed in.
 *
 * @throws {UpstreamTokenError} when there is none; its `reason` says what helps
 * @throws {RangeError} for a `minimumTtl` that is no number of seconds
 */
export type GetUpstreamToken = (auth: ToolCaller, options?: UpstreamTokenOptions) => Promise<UpstreamToken>;

/** Hands out what is in the vault, renewed once for all who ask at the same time. */
export function createGetUpstreamToken(grants: Pick<Grants, 'findLiving'>, fresh: FreshUpstream): GetUpstreamToken {
  return async (auth, { provider, minimumTtl = 60 } = {}) => {
    if (!(Number.isFinite(minimumTtl) && minimumTtl >= 0))
      throw new RangeError('minimumTtl has to be seconds, from 0.');
    const grantId = auth?.extra?.['grantId'];
    if (typeof grantId !== 'string') throw new UpstreamTokenError('no vault', 'There is no signed-in user.');
    // Of a grant that has ended the vault may still be there: its deletion can fail.
    const grant = await grants.findLiving(grantId).catch(faultOf);
    if (!grant) throw new UpstreamTokenError('no vault', 'The sign-in has ended.');
    const session = await fresh(grantId, minimumTtl, {}).catch(faultOf);
    if (provider !== undefined && session.provider !== provider) {
      throw new UpstreamTokenError('no vault', 'The user signed in at another identity provider.');
    }
    return tokenOf(session);
  };
}

function tokenOf(session: UpstreamSession): UpstreamToken {
  const { access_token: accessToken, scope } = session.tokens;
  const expiresAt = accessTokenExpiry(session);
  return {
    accessToken,
    ...(expiresAt !== undefined && { expiresAt: Math.floor(expiresAt) }),
    ...(scope !== undefined && { scopes: scope.split(' ').filter((each) => each !== '') }),
    provider: session.provider,
  };
}

function faultOf(thrown: unknown): never {
  if (thrown instanceof SessionLost) {
    const reason = thrown.reason === 'no vault' ? 'no vault' : 'signed out upstream';
    throw new UpstreamTokenError(reason, thrown.message, thrown);
  }
  if (thrown instanceof AuthError && thrown.code === 'temporarily_unavailable') {
    throw new UpstreamTokenError('try again', `${thrown.message} Try again in a moment.`, thrown);
  }
  throw thrown;
}
