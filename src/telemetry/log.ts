import { AuthError } from '../protocol/auth-error.js';

/** One line for the operator. Holds no secret, no token and no text of a stranger. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly requestId?: string;
  /** Which of our endpoints; without the query. */
  readonly path?: string;
  /** Shows nobody's name, and is no credential. */
  readonly grantId?: string;
  /** The id of the identity provider that it is about. */
  readonly provider?: string;
  readonly code?: string;
  readonly description?: string;
  /** What lay behind it, outermost first. */
  readonly causes?: readonly string[];
}

/** Receives what the operator should know. */
export type Log = (entry: LogEntry) => void;

/** Tells the operator that a request was refused, and why. */
export function logRefusal(
  log: Log,
  event: string,
  request: { readonly id?: string | undefined; readonly path?: string | undefined },
  error: AuthError,
): void {
  log({
    level: error.status >= 500 ? 'error' : 'info',
    event,
    ...(request.id !== undefined && { requestId: request.id }),
    ...(request.path !== undefined && { path: request.path }),
    code: error.code,
    description: error.message,
    causes: describeCauses(error),
  });
}

/**
 * Describes what lay behind an error, one entry for each cause.
 *
 * Of errors that are not ours only class, code and place are told: the messages of drivers and HTTP clients quote
 * parameters, addresses and headers.
 */
export function describeCauses(error: Error): string[] {
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error && causes.length < 5; cause = cause.cause) {
    causes.push(cause instanceof AuthError ? `${cause.code}: ${cause.message}` : describeForeign(cause));
  }
  return causes;
}

function describeForeign(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' && /^\w{1,60}$/.test(error.code) ? error.code : '';
  const place = /^ {4}at .*$/m.exec(error.stack ?? '')?.[0].trim() ?? '';
  return [error.name, code, place].filter((part) => part !== '').join(' ');
}
