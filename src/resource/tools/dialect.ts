import { header, type HttpRequest } from '../../http/message.js';

/**
 * How a client is told that a call needs a user, or more scopes: by the status and the challenge of HTTP, or by the
 * result of the call, which carries the same challenge.
 */
export type Dialect = 'http' | 'result';

/** Chooses the dialect in which a request is answered. The decision is the same in both. */
export type ChooseDialect = (request: Pick<HttpRequest, 'headers'>) => Dialect;

/** ChatGPT, which links accounts only when a result asks for it, and says that it is `openai-mcp/1.0.0`. */
export const dialectByAgent: ChooseDialect = (request) =>
  header(request, 'user-agent')?.startsWith('openai-mcp/') ? 'result' : 'http';
