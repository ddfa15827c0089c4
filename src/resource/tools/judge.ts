import { isSubset } from '../../protocol/scope.js';
import type { AuthInfo } from '../auth-info.js';
import type { Message } from './message.js';
import type { ToolRule, ToolRules } from './tool-rules.js';

/** Whether something may be done: at once, with a token, with more scopes, or not at all by this caller. */
export interface Verdict {
  readonly kind: 'allowed' | 'unauthenticated' | 'insufficient' | 'denied';
  /** All that it needs, of several possible sets the one of which least is missing. */
  readonly scopes: readonly string[];
}

type Caller = AuthInfo | undefined;

/** Judges one call of a tool. Whoever reads it gets the same answer: the gate before the server, and the server. */
export function judgeCall({ isOpen, alternatives, allow }: ToolRule, auth: Caller): Verdict {
  if (isOpen) return { kind: 'allowed', scopes: [] };
  const scopes = nearest(alternatives, auth?.scopes ?? []);
  if (!auth) return { kind: 'unauthenticated', scopes };
  if (!isSubset(scopes, auth.scopes)) return { kind: 'insufficient', scopes };
  // An answer that is not exactly true, such as a promise, opens nothing.
  return { kind: allow && (allow(auth) as unknown) !== true ? 'denied' : 'allowed', scopes };
}

/** Judges the messages of one request together. */
export function judgeMessages(
  messages: readonly Message[],
  auth: Caller,
  rules: ToolRules,
  baseScopes: readonly string[],
): Verdict {
  const verdicts = messages.map((message) => judgeMessage(message, auth, rules, baseScopes));
  const kinds = new Set(verdicts.map(({ kind }) => kind));
  const kind = (['unauthenticated', 'insufficient', 'denied'] as const).find((each) => kinds.has(each)) ?? 'allowed';
  // Nothing at all is no reason to let somebody through.
  if (messages.length === 0) return judgeOther(auth, baseScopes);
  return { kind, scopes: [...new Set(verdicts.flatMap(({ scopes }) => scopes))] };
}

function judgeMessage(
  { method, tool }: Message,
  auth: Caller,
  { byName, isMixed, publicMethods }: ToolRules,
  baseScopes: readonly string[],
): Verdict {
  const rule = tool === undefined ? undefined : byName.get(tool);
  if (rule) return judgeCall(rule, auth);
  const isPublic = method !== undefined && (publicMethods.has(method) || method.startsWith('notifications/'));
  const verdict = judgeOther(auth, baseScopes);
  // A token must not be worth less than none.
  return isMixed && isPublic && verdict.kind !== 'allowed' ? { kind: 'allowed', scopes: [] } : verdict;
}

function judgeOther(auth: Caller, scopes: readonly string[]): Verdict {
  if (!auth) return { kind: 'unauthenticated', scopes };
  return { kind: isSubset(scopes, auth.scopes) ? 'allowed' : 'insufficient', scopes };
}

function nearest(alternatives: readonly (readonly string[])[], granted: readonly string[]): readonly string[] {
  const missing = (scopes: readonly string[]) => scopes.filter((scope) => !granted.includes(scope)).length;
  const [nearestOne = []] = alternatives.toSorted((one, other) => missing(one) - missing(other));
  return nearestOne;
}
