/** What a client asked for, and what it was told. */
export interface Exchange {
  readonly ask: Ask;
  /** Which sign-in it belongs to. */
  readonly grant: number;
  /** The code or the token that was presented. */
  readonly presented?: string;
  /** When it was asked and answered, on a clock that ticks at each such event. */
  readonly begun: number;
  readonly ended: number;
  /** The status, or that there was no answer because a machine ended. */
  readonly status: number | 'lost';
  readonly error?: string;
  readonly hasRetryAfter?: boolean;
  /** The refresh token of a good answer. */
  readonly refreshToken?: string;
}

/** `document` is whatever needs no store; `browser` is a step of the user's journey. */
export type Ask = 'document' | 'browser' | 'redeem' | 'refresh' | 'call' | 'userinfo' | 'upstream token' | 'revoke';

/** What was seen once everything was well again, for one sign-in. */
export interface Aftermath {
  readonly grant: number;
  /** What the latest refresh token of the client gave; undefined when it was refused, or never answered. */
  readonly successor: string | undefined;
  /** What the earlier ones gave after that, as far as they gave anything. */
  readonly others: readonly string[];
}

/**
 * Tells every way in which a history is not one that the rules allow.
 *
 * 1. A code counts once, and an acknowledged grant has one living chain of refresh tokens.
 * 2. An acknowledged grant is not lost, unless it was revoked or its code was presented again.
 * 3. What an acknowledged revocation has ended is good for nothing that is asked afterwards.
 * 4. Whoever is in the right is told nothing worse than to try again.
 */
export function breachesOf(history: readonly Exchange[], aftermath: readonly Aftermath[]): string[] {
  const breaches: string[] = [];
  for (const [grant, exchanges] of groupByGrant(history)) {
    const tell = (what: string, exchange?: Exchange) =>
      breaches.push(`Sign-in ${grant}: ${what}${exchange ? ` ${JSON.stringify(exchange)}` : ''}`);
    const redemptions = exchanges.filter(({ ask, status }) => ask === 'redeem' && status === 200);
    if (redemptions.length > 1) tell(`its code was redeemed ${redemptions.length} times.`);
    const revokedAt = Math.min(...exchanges.filter(isRevoked).map(({ ended }) => ended));
    for (const exchange of exchanges) {
      if (exchange.begun > revokedAt && exchange.status === 200 && presentsCredential(exchange)) {
        tell('a revoked grant was good for something.', exchange);
      }
      if (!isRightAnswer(exchange) && !mayBeRefused(exchange, exchanges)) tell('a wrong answer.', exchange);
    }
    for (const { successor, others } of aftermath.filter((each) => each.grant === grant)) {
      const hasEnded = endings(exchanges).length > 0;
      if (successor === undefined && !hasEnded) tell('an acknowledged grant was lost.');
      if (successor !== undefined && revokedAt < Infinity) tell('a revoked grant was good for a refresh.');
      if (new Set([...others, ...(successor === undefined ? [] : [successor])]).size > 1) {
        tell('two chains of refresh tokens live.');
      }
    }
  }
  return breaches;
}

function groupByGrant(history: readonly Exchange[]): Map<number, Exchange[]> {
  const groups = new Map<number, Exchange[]>();
  for (const exchange of history) groups.set(exchange.grant, [...(groups.get(exchange.grant) ?? []), exchange]);
  return groups;
}

const isRevoked = ({ ask, status }: Exchange) => ask === 'revoke' && status === 200;

const presentsCredential = ({ ask }: Exchange) => !['document', 'browser', 'revoke'].includes(ask);

/** An answer that is right at any time: what was asked for, or that one should try again. */
function isRightAnswer({ ask, status, error, hasRetryAfter }: Exchange): boolean {
  if (status === 'lost') return true;
  if (status === 200 || status === 201 || status === 303)
    return error === undefined || error === 'temporarily_unavailable';
  return ask !== 'document' && status === 503 && hasRetryAfter === true;
}

/** What may have ended a grant: a revocation, or its code presented again, at the same time or later. */
function endings(exchanges: readonly Exchange[]): Exchange[] {
  const [first] = exchanges.filter(({ ask, status }) => ask === 'redeem' && status === 200);
  return exchanges.filter(
    (each) => each.ask === 'revoke' || (each.ask === 'redeem' && each !== first && each.ended > (first?.begun ?? 0)),
  );
}

function mayBeRefused(exchange: Exchange, exchanges: readonly Exchange[]): boolean {
  const { ask, status, error } = exchange;
  // A page that asks to begin anew, after a step whose outcome nobody knows.
  if (ask === 'browser') {
    return (
      typeof status === 'number' &&
      status < 500 &&
      exchanges.some((each) => each.ask === 'browser' && isUnknown(each) && each.begun < exchange.ended)
    );
  }
  const isRefusal = (status === 400 && error === 'invalid_grant') || status === 401 || status === 409;
  const others = exchanges.filter((each) => each !== exchange && each.begun < exchange.ended);
  // The code of an answer that was lost is refused: the next one who has it may be a thief.
  if (ask === 'redeem')
    return (
      isRefusal &&
      others.some(
        (each) => each.ask === 'redeem' && (isUnknown(each) || each.ended > exchange.begun || each.status === 200),
      )
    );
  return isRefusal && endings(exchanges).some((each) => each.begun < exchange.ended);
}

const isUnknown = ({ status, error }: Exchange) =>
  status === 'lost' || status === 503 || error === 'temporarily_unavailable';
