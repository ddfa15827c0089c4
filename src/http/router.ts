import { AuthError, toAuthError } from '../protocol/auth-error.js';
import { preflightReply, withCors } from './cors.js';
import { logRefusal, type Log } from '../telemetry/log.js';
import type { HttpReply, HttpRequest } from './message.js';
import type { LimitName } from './rate-limits.js';
import { errorReply } from './reply.js';

/** One door of the server. */
export interface Endpoint {
  readonly methods: readonly ('GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE')[];
  /** Whether scripts of other origins may call it. Never on what a person looks at. */
  readonly cors: boolean;
  /** The limit that its requests count for, preflights apart. @defaultValue none */
  readonly limit?: LimitName;
  handle(request: HttpRequest): HttpReply | Promise<HttpReply>;
  /** Makes an answer of an error, where that is not JSON. */
  readonly render?: (error: AuthError, request: HttpRequest) => HttpReply | Promise<HttpReply>;
}

/** The server's endpoints by their paths. */
export type Routes = ReadonlyMap<string, Endpoint>;

/** Tells of a request, and of what it was answered; the route is undefined where the path is none of ours. */
export type ObserveRequest = (
  request: HttpRequest,
  route: string | undefined,
  answer: () => Promise<HttpReply>,
) => Promise<HttpReply>;

/** The server without its sockets. */
export interface Dispatcher {
  /**
   * Tells whether a request is one of ours; what is not belongs to the application, its body too.
   *
   * Without a method aliases do not count: they stand for the root of the host.
   */
  serves(path: string, method?: string): boolean;
  /** Answers a request to one of our paths. */
  dispatch(request: HttpRequest): Promise<HttpReply>;
}

/**
 * Finds the endpoint of a path with one look-up.
 *
 * `aliases` are further paths, which are left to the application where the method is not the endpoint's.
 *
 * What is unknown below `/.well-known/` is answered with 404 in JSON: clients try many such paths, and one that meets
 * an application's HTML or a redirect there gives up.
 */
export function createDispatcher(
  routes: Routes,
  aliases: Routes,
  log: Log,
  observe: ObserveRequest = (_request, _route, answer) => answer(),
): Dispatcher {
  const documentFolders = new Set([...routes.keys()].flatMap((path) => folderOfDocuments(path) ?? []));
  return {
    serves: (path, method) =>
      routes.has(path) || documentFolders.has(folderOfDocuments(path) ?? '') || answers(aliases.get(path), method),

    dispatch(request) {
      const endpoint = routes.get(request.path) ?? aliases.get(request.path);
      // A path that was found is one of few.
      if (endpoint) return observe(request, request.path, () => serve(endpoint, request, log));
      return observe(request, undefined, () => Promise.resolve(unknownDocument(request)));
    },
  };
}

/** An alias may be a path of the application's as well: only what the endpoint can answer is taken from it. */
function answers(endpoint: Endpoint | undefined, method: string | undefined): boolean {
  if (!endpoint || method === undefined) return false;
  return endpoint.methods.some((each) => each === method) || (method === 'OPTIONS' && endpoint.cors);
}

/** Answers a request at one endpoint, and renders what that throws. This is the one `catch` of the endpoints. */
export async function serve(endpoint: Endpoint, request: HttpRequest, log: Log): Promise<HttpReply> {
  const { methods, cors } = endpoint;
  if (request.method === 'OPTIONS') return cors ? preflightReply(methods) : allowReply(methods);
  const reply = await answer(endpoint, request, log);
  return cors ? withCors(reply) : reply;
}

async function answer(endpoint: Endpoint, request: HttpRequest, log: Log): Promise<HttpReply> {
  try {
    if (!endpoint.methods.some((method) => method === request.method)) {
      const allow = endpoint.methods.join(', ');
      const error = new AuthError('method_not_allowed', `Use one of these methods: ${allow}.`);
      return { ...errorReply(error, { allow }), error: error.code };
    }
    return await endpoint.handle(request);
  } catch (thrown) {
    const error = toAuthError(thrown);
    // Of a flood the limit itself tells, once: a line for each request would be a flood of its own.
    if (error.code !== 'too_many_requests') logRefusal(log, 'request refused', request, error);
    const reply = (await endpoint.render?.(error, request)) ?? errorReply(error);
    return { ...reply, error: error.code };
  }
}

/** The part of a path up to `/.well-known/`. */
function folderOfDocuments(path: string): string | undefined {
  return /^.*?\/\.well-known\//.exec(path)?.[0];
}

function unknownDocument(request: HttpRequest): HttpReply {
  if (request.method === 'OPTIONS') return preflightReply(['GET', 'HEAD']);
  return withCors(
    errorReply(
      new AuthError('not_found', "There is no such document. (Mount an application's own ones before mcp-gatehouse.)"),
    ),
  );
}

function allowReply(methods: readonly string[]): HttpReply {
  return { status: 204, headers: { allow: methods.join(', ') } };
}
