import { hashOfSecret } from '../../clients/pre-registered.js';
import { readJson } from '../../http/body.js';
import { bearerTokenOf } from '../../http/bearer.js';
import { header, originOf, type HttpReply, type HttpRequest } from '../../http/message.js';
import { errorReply, jsonReply, retryHeader } from '../../http/reply.js';
import type { Endpoint } from '../../http/router.js';
import { secretsEqual } from '../../keys/mac.js';
import type { Actor } from '../../operator/actor.js';
import type { PageRequest } from '../../operator/registry-entries.js';
import { RegistryFault } from '../../operator/registry-fault.js';
import { AuthError } from '../../protocol/auth-error.js';
import { bearerChallenge } from '../../protocol/challenge.js';
import { parseParameters, type Parameters } from '../../protocol/parameters.js';
import type { Audit } from '../../telemetry/audit.js';

/** A credential of the admin API. */
export interface AdminCredential {
  /** What the audit calls whoever uses it. */
  readonly name: string;
  /** The SHA-256 of the token, in hex. */
  readonly hash: string;
}

/** A request that an operator has sent. */
export interface AdminRequest {
  readonly parameters: Parameters;
  readonly by: Actor;
  /** The version that the change is to fit (RFC 9110 §13.1.1). */
  readonly version: string | undefined;
  /** @throws {AuthError} invalid_request, payload_too_large */
  readonly body: () => object;
}

/** What answers each method. */
export type AdminHandlers = Partial<
  Record<'GET' | 'POST' | 'PATCH' | 'DELETE', (request: AdminRequest) => Promise<HttpReply>>
>;

/** Makes doors that open to operators only. */
export type AdminDoor = (handlers: AdminHandlers) => Endpoint;

/**
 * Makes doors that open with one of these credentials, as a bearer and in no other way: a browser has nothing that it
 * would send by itself, and without CORS no page of another origin can send it.
 */
export function createAdminDoor(credentials: readonly AdminCredential[], audit: Audit): AdminDoor {
  /** Every credential is compared, so that the time tells nothing about any. */
  function actorOf(request: HttpRequest): Actor {
    const token = bearerTokenOf(request);
    const presented = hashOfSecret(token ?? '');
    const matching = credentials.filter(({ hash }) => secretsEqual(presented, hash));
    const [credential] = matching;
    if (!credential) {
      const reason = `The admin credential is ${token === undefined ? 'missing' : 'unknown'}.`;
      audit({ event: 'admin.authentication_failed', ...originOf(request), reason });
      throw new AuthError('invalid_token', reason);
    }
    return { operator: credential.name, ...originOf(request) };
  }

  return (handlers) => ({
    methods: Object.keys(handlers) as (keyof AdminHandlers)[],
    cors: false,
    limit: 'admin',

    async handle(request) {
      const by = actorOf(request);
      const handle = handlers[request.method as keyof AdminHandlers];
      if (!handle) throw new AuthError('method_not_allowed', 'Use another method.');
      const version = /^"([^"]*)"$/.exec(header(request, 'if-match') ?? '')?.[1];
      return handle({ parameters: parseParameters(request.query), by, version, body: () => objectIn(request) });
    },

    render,
  });
}

/** A document, with the version that a change of it can name. */
export function entryReply(
  status: number,
  document: object,
  { version }: { readonly version?: string },
  location?: string,
): HttpReply {
  return jsonReply(status, document, {
    ...(version !== undefined && { etag: `"${version}"` }),
    ...(location !== undefined && { location }),
  });
}

/** That something is gone. */
export const goneReply: HttpReply = { status: 204, headers: { 'cache-control': 'no-store' } };

/** Which part of a list is asked for. */
export function pageIn(parameters: Parameters): PageRequest {
  const limit = parameters.get('limit');
  if (limit !== undefined && !/^[1-9]\d{0,2}$/.test(limit)) {
    throw new RegistryFault('invalid_request', ['limit has to be a number from 1 to 500.']);
  }
  return { after: parameters.get('after'), ...(limit !== undefined && { limit: Number(limit) }) };
}

/** @throws {RegistryFault} not_found */
export function requireFound<T>(found: T | undefined, name: string): T {
  if (found === undefined) throw new RegistryFault('not_found', [`There is no ${name}.`]);
  return found;
}

function objectIn(request: HttpRequest): object {
  const document = readJson(request, 'invalid_request');
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) return document;
  throw new AuthError('invalid_request', 'Send a JSON object.');
}

/** Errors are as everywhere else here (RFC 6749 §5.2), and those of an entry name every fault in `faults`. */
function render(error: AuthError, request: HttpRequest): HttpReply {
  if (error instanceof RegistryFault) {
    const { code, message, faults, status } = error;
    return jsonReply(status, { error: code, error_description: message, faults }, retryHeader(error));
  }
  if (error.status !== 401) return errorReply(error);
  const hadToken = bearerTokenOf(request) !== undefined;
  return errorReply(error, { 'www-authenticate': bearerChallenge(hadToken ? { error: error.code } : {}) });
}
