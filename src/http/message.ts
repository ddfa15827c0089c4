import type { AuthErrorCode } from '../protocol/auth-error.js';
import type { RequestOrigin } from '../telemetry/audit.js';

/** A request as the endpoints see it: no framework, nothing parsed that an endpoint may not want. */
export interface HttpRequest {
  /** What a page shows and a log line carries, so that the two can be brought together. */
  readonly id: string;
  readonly method: string;
  /** The path as it was sent, without the query. */
  readonly path: string;
  /** The raw query string, without its question mark. */
  readonly query: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: HttpBody;
  /** From an adapter the address of the peer; at an endpoint that of the client, where it is known. */
  readonly ip: string | undefined;
  /** The framework's own request, for functions of the application; nothing here looks into it. */
  readonly raw?: unknown;
}

/** A body as the adapter found it: nothing, bytes, what the application's own parser made of it, or what cannot be used. */
export type HttpBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'parsed'; readonly value: unknown }
  | { readonly kind: 'too large' }
  | { readonly kind: 'unreadable' };

/** An answer as the adapters write it. */
export interface HttpReply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** What went wrong, for whoever measures; it is not sent. */
  readonly error?: AuthErrorCode;
}

/** Reads one header; one that came twice counts as absent, since nobody can tell which of them was checked. */
export function header(request: Pick<HttpRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Whose request it is, as audit events tell it. Only behind the entrance, where the address is that of the client. */
export function originOf({ id, ip }: Partial<Pick<HttpRequest, 'id' | 'ip'>>): RequestOrigin {
  return { requestId: id, address: ip };
}
