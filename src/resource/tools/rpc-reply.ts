import { withCors } from '../../http/cors.js';
import type { HttpReply } from '../../http/message.js';
import { jsonReply } from '../../http/reply.js';
import type { ErrorResult } from '../tool-result.js';
import type { Message } from './message.js';

/** Answers a call with a result (JSON-RPC 2.0 §5). */
export function resultReply({ id, namesResultType }: Message, result: ErrorResult): HttpReply {
  const complete = namesResultType ? { resultType: 'complete', ...result } : result;
  return withCors(jsonReply(200, { jsonrpc: '2.0', id, result: complete }));
}

/** Answers what could not be read (JSON-RPC 2.0 §5.1). */
export function unreadReply(reason: 'no JSON' | 'too large'): HttpReply {
  const [status, code, message] =
    reason === 'no JSON'
      ? [400, -32700, 'Parse error: the body is not JSON.']
      : [413, -32600, 'The body is too large.'];
  return withCors(jsonReply(status, { jsonrpc: '2.0', id: null, error: { code, message } }));
}
