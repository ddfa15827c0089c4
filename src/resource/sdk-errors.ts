import { logRefusal, type Log } from '../telemetry/log.js';
import { toAuthError, type AuthError } from '../protocol/auth-error.js';

type ErrorClass = new (message: string) => Error;

/** The error classes of the MCP SDK's line 1: `import * as errors from '@modelcontextprotocol/sdk/server/auth/errors.js'`. */
export interface SdkErrors1 {
  readonly InvalidTokenError: ErrorClass;
  readonly ServerError: ErrorClass;
}

/** The error class of line 2: `import { OAuthError } from '@modelcontextprotocol/server'`. */
export interface SdkErrors2 {
  readonly OAuthError: new (code: string, message: string) => Error;
}

/** The error classes of either line: a middleware tells by their class what to answer. */
export type SdkErrors = SdkErrors1 | SdkErrors2;

/** All of line 1's, as an authorization server needs them. */
export interface AllSdkErrors1 extends SdkErrors1 {
  /** The classes by the codes that they stand for. */
  readonly OAUTH_ERRORS: Readonly<Record<string, ErrorClass>>;
  readonly CustomOAuthError: new (code: string, message: string) => Error;
}

/** Makes an SDK's error of one of ours. */
export type AsSdkError = (error: AuthError) => Error;

/**
 * For a bearer middleware. What is no fault of the token becomes 5xx, never 401: a client that hears 401 throws away a
 * token that is good.
 */
export function bearerErrors(errors: SdkErrors): AsSdkError {
  return ({ code, message }) => {
    // Line 1 has an OAuthError too, of another shape.
    if ('InvalidTokenError' in errors) {
      return code === 'invalid_token' ? new errors.InvalidTokenError(message) : new errors.ServerError(message);
    }
    return new errors.OAuthError(code === 'invalid_token' ? code : 'server_error', message);
  };
}

/** For the endpoints of an authorization server. What is no fault of the request becomes 5xx there, too. */
export function endpointErrors({ OAUTH_ERRORS, CustomOAuthError, ServerError }: AllSdkErrors1): AsSdkError {
  const byCode = new Map(Object.entries(OAUTH_ERRORS));
  return ({ code, message, status }) => {
    if (status >= 500) return new ServerError(message);
    const Named = byCode.get(code);
    return Named ? new Named(message) : new CustomOAuthError(code, message);
  };
}

/** Runs a step of ours for an SDK, which hears of a fault in its own words; the reason is for the log. */
export async function inSdkWords<T>(asSdkError: AsSdkError, log: Log, event: string, step: () => Promise<T>) {
  try {
    return await step();
  } catch (thrown) {
    const error = toAuthError(thrown);
    logRefusal(log, event, {}, error);
    throw asSdkError(error);
  }
}
