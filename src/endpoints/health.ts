import type { HttpReply } from '../http/message.js';
import { jsonReply } from '../http/reply.js';
import type { Endpoint } from '../http/router.js';
import { once } from '../keys/single-flight.js';
import { isWithin, type Clock } from '../storage/clock.js';
import { toAuthError } from '../protocol/auth-error.js';
import { describeCauses, type Log } from '../telemetry/log.js';

/** Seconds for which an answer counts: however often somebody asks, the store is asked once in that time. */
const answerTtl = 1;

/** `GET /healthz`: the process answers. */
export function livenessEndpoint(): Endpoint {
  return { methods: ['GET', 'HEAD'], cors: false, handle: () => jsonReply(200, { status: 'ok' }) };
}

/** What readiness depends on. */
export interface ReadinessServices {
  /** Reads what a request would need; rejects when it cannot be had. */
  readonly check: () => Promise<unknown>;
  readonly isDraining: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * `GET /readyz`: whether a load balancer should send requests here. Says no more than that: why not is for the log, once.
 *
 * Providers do not count: while one is away every instance would be unready, and what needs no provider would stop too.
 */
export function readinessEndpoint({ check, isDraining, clock, log }: ReadinessServices): Endpoint {
  let known: { readonly isReady: boolean; readonly at: number } | undefined;

  async function ask(): Promise<boolean> {
    const isReady = await check().then(
      () => true,
      (thrown: unknown) => {
        if (known?.isReady !== false) tell(thrown);
        return false;
      },
    );
    known = { isReady, at: clock() };
    return isReady;
  }

  function tell(thrown: unknown): void {
    const error = toAuthError(thrown);
    const { code, message: description } = error;
    log({ level: 'error', event: 'not ready', path: '/readyz', code, description, causes: describeCauses(error) });
  }

  let asking = once(ask);
  async function isReady(): Promise<boolean> {
    if (known && isWithin(known.at, answerTtl, clock())) return known.isReady;
    const current = asking;
    return current().finally(() => {
      if (asking === current) asking = once(ask);
    });
  }

  return {
    methods: ['GET', 'HEAD'],
    cors: false,
    async handle(): Promise<HttpReply> {
      if (isDraining()) return jsonReply(503, { status: 'draining' });
      return (await isReady()) ? jsonReply(200, { status: 'ready' }) : jsonReply(503, { status: 'not ready' });
    },
  };
}
