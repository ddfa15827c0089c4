import { maxBodyBytes } from '../../http/body.js';
import { withCors } from '../../http/cors.js';
import { logRefusal, type Log } from '../../telemetry/log.js';
import type { HttpReply } from '../../http/message.js';
import { errorReply } from '../../http/reply.js';
import { AuthError } from '../../protocol/auth-error.js';
import { isSubset } from '../../protocol/scope.js';
import type { AuthInfo } from '../auth-info.js';
import {
  authenticationRequired,
  createGate,
  scopeMissing,
  type Gate,
  type GateRequest,
  type Passage,
  type ProtectedResource,
} from '../bearer-gate.js';
import { refusal } from '../refusal.js';
import { createAuthenticate, type VerifyAccessToken } from '../verify-access-token.js';
import type { ChooseDialect } from './dialect.js';
import { judgeMessages, type Verdict } from './judge.js';
import { maxMessageBytes, readMessages, type Message } from './message.js';
import { errorOf, refusedResult } from './refused-call.js';
import { resultReply, unreadReply } from './rpc-reply.js';
import type { ToolRules } from './tool-rules.js';

/** What a gate needs that knows tools. */
export interface ToolGateServices {
  readonly verify: VerifyAccessToken;
  readonly log: Log;
  readonly dialect: ChooseDialect;
}

/** Guards an MCP server of whose tools each needs scopes of its own, or none at all (MCP authorization). */
export function createToolGate(
  resource: ProtectedResource,
  rules: ToolRules,
  { verify, log, dialect }: ToolGateServices,
): Gate {
  const authenticate = createAuthenticate(resource, verify);

  async function judge(request: GateRequest, auth: AuthInfo | undefined, readBody: Parameters<Gate>[1]) {
    const speaksResults = dialect(request) === 'result';
    // Where nothing is public and no result is to be written, a stranger's body need not be read.
    if (!auth && !rules.isMixed && !speaksResults) throw authenticationRequired();
    // And else of his call only the id is needed, to which the result belongs.
    const limit = auth || rules.isMixed ? maxMessageBytes : maxBodyBytes;
    const body = readMessages(await readBody(limit));
    if (typeof body === 'string') {
      if (auth || rules.isMixed) return { reply: unreadReply(body) };
      throw authenticationRequired();
    }
    const verdict = judgeMessages(body.messages, auth, rules, resource.requiredScopes);
    if (verdict.kind === 'allowed') return { auth, body: body.value };
    const error = errorOf(verdict);
    logRefusal(log, 'access refused', request, error);
    const [only] = body.isBatch ? [] : body.messages;
    return { reply: refuse(verdict, error, only, auth !== undefined, speaksResults) };
  }

  function refuse(
    { kind, scopes: needed }: Verdict,
    error: AuthError,
    call: Message | undefined,
    hadToken: boolean,
    speaksResults: boolean,
  ): HttpReply {
    const scopes = needed.length > 0 ? needed : resource.challengeScopes;
    const isCall = call?.id !== undefined && call.method === 'tools/call';
    // Whom `allow` refuses hears it as a result in either dialect: nothing that HTTP could ask for would help.
    if (isCall && (speaksResults || kind === 'denied')) {
      return resultReply(call, refusedResult(error, scopes, resource.url));
    }
    return refusal(error, resource.url, scopes, hadToken);
  }

  /** Streams and the end of sessions: what comes through them is for whoever has the scopes of the whole. */
  function judgeWithoutMessage({ method }: GateRequest, auth: AuthInfo | undefined): Passage | { reply: HttpReply } {
    if (auth && isSubset(resource.requiredScopes, auth.scopes)) return { auth };
    // Clients take 405 for "there is no stream here"; a challenge would have them ask a user who wants none.
    if (rules.isMixed && (method === 'GET' || method === 'DELETE')) return { reply: noStreamReply };
    throw auth ? scopeMissing() : authenticationRequired();
  }

  return createGate(resource, log, async (request, token, readBody: Parameters<Gate>[1]) => {
    // First of all, so that a bad token has nothing read, and is never taken for none.
    const auth = token === undefined ? undefined : await authenticate(token);
    return request.method === 'POST' ? judge(request, auth, readBody) : judgeWithoutMessage(request, auth);
  });
}

const noStreamReply = withCors(
  errorReply(new AuthError('method_not_allowed', 'There is no stream without the scopes of this server.'), {
    allow: 'POST',
  }),
);
