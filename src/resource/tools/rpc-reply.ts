import { withCors } from '../../http/cors.js';
import type { HttpReply } from '../../http/message.js';
import { jsonReply } from '../../http/reply.js';
import type { ErrorResult } from '../tool-result.js';
import type { Message, UnreadReason } from './message.js';

/** Answers a call with a result (JSON-RPC 2.0 §5). */
export function resultReply({ id, namesResultType }: Message, result: ErrorResult): HttpReply {
  const complete = namesResultType ? { resultType: 'complete', ...result } : result;
  return withCors(jsonReply(200, { jsonrpc: '2.0', id, result: complete }));
}

const unread: Readonly<Record<UnreadReason, readonly [status: number, code: number, message: string]>> = {
  'no JSON': [400, -32700, 'Parse error: the body is not JSON.'],
  'too large': [413, -32600, 'The body is too large.'],
  'too many': [400, -32600, 'A batch has too many messages.'],
};

/** Answers what could not be read (JSON-RPC 2.0 §5.1). */
export function unreadReply(reason: UnreadReason): HttpReply {
  const [status, code, message] = unread[reason];
  return withCors(jsonReply(status, { jsonrpc: '2.0', id: null, error: { code, message } }));
}
