import { inspect } from 'node:util';
import { expect } from 'vitest';
import { AuthError } from '../../src/protocol/auth-error.js';
import type { UpstreamProvider } from '../../src/upstream/provider.js';
import type { Exchange } from './fixture.js';
import { credentials, inScene, leg, type TokenRequest } from './scene.js';

/** The error of something that has to fail. */
export async function faultIn(attempt: Promise<unknown>): Promise<AuthError> {
  const thrown: unknown = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof AuthError)) throw new Error(`This is no AuthError: ${inspect(thrown)}`);
  return thrown;
}

/** Nothing that the provider said, and nothing of ours that is secret, is in an error. */
export function expectSilence(fault: AuthError, { response }: Exchange): void {
  const everything = inspect(fault, { depth: 20, showHidden: true });
  const { error_description, errorSummary, message } = (response.body ?? {}) as Readonly<Record<string, unknown>>;
  const words = [error_description, errorSummary, message, response.body_text].filter(
    (text): text is string => typeof text === 'string' && text.length > 3,
  );
  for (const word of [...words, credentials.clientSecret, leg.codeVerifier]) expect(everything).not.toContain(word);
}

/** A request has what the recorded one has, and nothing that it must not have. */
export function checkParameters({ headers, body }: TokenRequest, { request }: Exchange): void {
  expect(headers).toMatchObject({ accept: 'application/json', 'user-agent': expect.stringMatching(/./) as string });
  for (const [parameter, value] of Object.entries(inScene(request.body ?? {}))) {
    expect(body.get(parameter), parameter).toBe(value);
  }
  for (const parameter of [...(request.must_not_send ?? []), 'resource', 'audience']) {
    expect(body.has(parameter), parameter).toBe(false);
  }
}

/** The client proves itself as it is set up, by a method that the provider takes; and by one only. */
export function checkClient({ headers, body }: TokenRequest, { request }: Exchange, provider: UpstreamProvider): void {
  const { clientAuthentication = 'client_secret_basic' } = provider;
  const { method, also_accepted = [] } = request.auth;
  expect([method, ...also_accepted]).toContain(clientAuthentication);
  const isBasic = clientAuthentication === 'client_secret_basic';
  expect(headers.authorization?.startsWith('Basic ') ?? false).toBe(isBasic);
  expect(body.get('client_secret')).toBe(isBasic ? null : credentials.clientSecret);
}

/** Recordings, as a table of tests wants them. */
export function named(exchanges: readonly Exchange[]) {
  return exchanges.map((exchange) => [exchange.id, exchange] as const);
}

/** A recording with another answer. */
export function withBody(exchange: Exchange, body: object): Exchange {
  return { ...exchange, response: { ...exchange.response, body } };
}

/** A recording with an answer that says something else here and there. */
export function withMembers(exchange: Exchange, members: object): Exchange {
  return withBody(exchange, { ...(exchange.response.body as object), ...members });
}
