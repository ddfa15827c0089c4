import type { ObserveRequest } from './http/router.js';
import { AuthError, toAuthError } from './protocol/auth-error.js';
import type { VerifyAccessToken } from './resource/verify-access-token.js';
import { canScan } from './storage/scanning.js';
import type { ScanOptions, Store } from './storage/store.js';
import { auditOutcomes, type Audit } from './telemetry/audit.js';
import type { Attributes, Ending, Outcome, Telemetry } from './telemetry/telemetry.js';
import type { Upstream } from './upstream/upstream.js';

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE']);

/** Tells of requests to endpoints. The route is one of ours, and anything else a stranger made up is `_OTHER` or left out. */
export function observeRequests(telemetry: Telemetry | undefined): ObserveRequest | undefined {
  if (!telemetry) return undefined;
  return (request, route, answer) => {
    if (!telemetry.isHeard()) return answer();
    const method = methods.has(request.method) ? request.method : '_OTHER';
    const operation = {
      duration: 'mcp_gatehouse.request.duration',
      span: route === undefined ? method : `${method} ${route}`,
      attributes: { 'http.request.method': method, ...(route !== undefined && { 'http.route': route }) },
      headers: request.headers,
    } as const;
    return telemetry.observe(operation, answer, (outcome) => {
      const { status, error } = 'value' in outcome ? outcome.value : { status: 500, error: codeOf(outcome.thrown) };
      return {
        attributes: { 'http.response.status_code': status, ...(error !== undefined && { 'error.type': error }) },
        isFault: status >= 500,
      };
    });
  };
}

/** Tells of everything that a store is asked. */
export function observedStore(store: Store, telemetry: Telemetry | undefined): Store {
  if (!telemetry) return store;
  const observe = <T>(verb: string, act: () => Promise<T>) =>
    telemetry.isHeard()
      ? telemetry.observe(
          { duration: 'mcp_gatehouse.store.duration', attributes: { 'db.operation.name': verb } },
          act,
          faultOf,
        )
      : act();
  return {
    get: (key) => observe('get', () => store.get(key)),
    set: (key, value, options) => observe('set', () => store.set(key, value, options)),
    delete: (key, options) => observe('delete', () => store.delete(key, options)),
    list: (partition, options) => observe('list', () => store.list(partition, options)),
    ...(canScan(store) && {
      scan: (options: ScanOptions | undefined) => observe('scan', () => store.scan(options)),
    }),
    close: () => store.close(),
  };
}

/** Tells of every conversation with a provider. */
export function observedUpstream(upstream: Upstream, telemetry: Telemetry | undefined): Upstream {
  if (!telemetry) return upstream;
  const { id } = upstream.provider;
  const observe = <T>(name: string, act: () => Promise<T>) =>
    telemetry.observe(
      {
        duration: 'mcp_gatehouse.provider.duration',
        span: `${name} ${id}`,
        attributes: { 'mcp_gatehouse.provider.id': id, 'mcp_gatehouse.provider.operation': name },
      },
      act,
      faultOf,
    );
  return {
    ...upstream,
    authorizationUrl: (handOff) => observe('authorize', () => upstream.authorizationUrl(handOff)),
    complete: (callback, request) => observe('complete', () => upstream.complete(callback, request)),
    refresh: (previous) => observe('refresh', () => upstream.refresh(previous)),
    identify: (answer) => observe('identify', () => upstream.identify(answer)),
    revoke: (tokens) => observe('revoke', () => upstream.revoke(tokens)),
  };
}

/** Counts the access tokens that are verified, by what was wrong with them. */
export function countedVerifications(verify: VerifyAccessToken, telemetry: Telemetry | undefined): VerifyAccessToken {
  if (!telemetry) return verify;
  const count = (attributes: Attributes) => telemetry.count('mcp_gatehouse.access_token.verifications', attributes);
  const counted: VerifyAccessToken = async (token, resource) => {
    try {
      const auth = await verify(token, resource);
      count({});
      return auth;
    } catch (thrown) {
      const error = toAuthError(thrown);
      const { code, cause } = error;
      // Of a refused token the cause is one of few reasons.
      const reason = code === 'invalid_token' && cause instanceof AuthError ? cause.message : undefined;
      count({ 'error.type': code, ...(reason !== undefined && { 'mcp_gatehouse.reason': reason }) });
      throw thrown;
    }
  };
  return (token, resource) => (telemetry.isHeard() ? counted : verify)(token, resource);
}

/** Counts audit events, whether or not anybody receives them. */
export function countedAudit(audit: Audit, telemetry: Telemetry | undefined): Audit {
  if (!telemetry) return audit;
  return (event) => {
    if (telemetry.isHeard()) {
      telemetry.count('mcp_gatehouse.audit.events', {
        'mcp_gatehouse.audit.event': event.event,
        'mcp_gatehouse.audit.outcome': auditOutcomes[event.event],
      });
    }
    audit(event);
  };
}

function faultOf(outcome: Outcome<unknown>): Ending {
  if ('value' in outcome) return { attributes: {}, isFault: false };
  return { attributes: { 'error.type': codeOf(outcome.thrown) }, isFault: true };
}

function codeOf(thrown: unknown): string {
  return toAuthError(thrown).code;
}
