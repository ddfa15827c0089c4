import { authorizeEndpoint } from './endpoints/authorize.js';
import type { Engine } from './engine.js';
import { createServerProvider, type ServerProvider } from './express/server-provider.js';
import type { Foundation } from './foundation.js';
import { behindEntrance } from './http/entrance.js';
import type { TokenVerifierOptions } from './guards.js';
import { endpointErrors, type AllSdkErrors1 } from './resource/sdk-errors.js';
import { createTokenVerifier } from './resource/token-verifier.js';
import type { VerifiedResource } from './resource/verify-access-token.js';

/** What a provider for `mcpAuthRouter` needs. */
export interface ServerProviderOptions extends TokenVerifierOptions {
  /** `import * as errors from '@modelcontextprotocol/sdk/server/auth/errors.js'` */
  errors: AllSdkErrors1;
}

/** Puts an authorization server behind the SDK's router. */
export function composeServerProvider(
  resource: VerifiedResource,
  errors: AllSdkErrors1,
  { findClient, registeredClients, trade, flow, revokeToken, verify }: Engine,
  { clock, audit, log, entrance }: Foundation,
  { registration, newRequestId }: { registration: boolean; newRequestId: () => string },
): ServerProvider {
  return createServerProvider({
    // RFC 9207 §2.4: clients shall refuse `iss` where the metadata does not announce it, and the SDK's does not.
    door: behindEntrance(entrance, authorizeEndpoint(flow, { withoutIssuer: true })),
    findClient,
    registeredClients,
    registration,
    trade,
    revoke: revokeToken,
    verifier: createTokenVerifier(resource, verify, log, errors),
    asSdkError: endpointErrors(errors),
    clock,
    audit,
    log,
    newRequestId,
  });
}
