import { createHash } from 'node:crypto';
import { readable } from './pages/text.js';
import type { Clock } from './storage/clock.js';
import { auditOutcomes, type Audit, type AuditEvent, type AuditRecord } from './telemetry/audit.js';
import { describeCauses, type Log } from './telemetry/log.js';

/**
 * Receives audit events as they happen, before the answer is sent. What it throws or rejects is logged once and changes
 * nothing for anybody; nothing waits for its promise.
 */
export type AuditSink = (record: AuditRecord) => unknown;

/** No client id that means anything here is longer. */
const maxTextLength = 1024;
const maxNameLength = 100;
const maxListed = 50;

/** Completes events, makes what strangers wrote in them harmless, and delivers them. */
export function createAuditTrail(sink: AuditSink, clock: Clock, log: Log): Audit {
  let isTold = false;
  function tell(cause: unknown): void {
    if (isTold) return;
    isTold = true;
    log({
      level: 'error',
      event: 'audit not delivered',
      description: 'The function that receives audit events failed. This is said once.',
      causes: describeCauses(new Error('', { cause })),
    });
  }

  return (event) => {
    try {
      const answer = sink(recordOf(event, clock()));
      if (answer instanceof Promise) answer.catch(tell).catch(() => undefined);
    } catch (thrown) {
      try {
        tell(thrown);
      } catch {
        // A log that throws must not refuse a request either.
      }
    }
  };
}

function recordOf(event: AuditEvent, at: number): AuditRecord {
  const { event: name, clientId, claimedClientId, clientName, ...rest } = event;
  const id = clientId ?? claimedClientId;
  const told = {
    event: name,
    at,
    outcome: auditOutcomes[name],
    ...rest,
    clientId,
    ...(id !== undefined && { client: shortName(id) }),
    ...(clientName !== undefined && { clientName: readable(clientName, maxNameLength) }),
  };
  const entries = Object.entries(told).filter(([, value]) => value !== undefined);
  const record: unknown = Object.fromEntries(entries.map(([member, value]) => [member, harmless(value)]));
  return Object.freeze(record as AuditRecord);
}

/** A short name of a client, by which its events can be found; several clients have one by a chance of nothing. */
export function shortName(clientId: string): string {
  return createHash('sha256').update(clientId).digest('base64url').slice(0, 12);
}

function harmless(value: unknown): unknown {
  if (typeof value === 'string') return readable(value, maxTextLength);
  return Array.isArray(value) ? value.slice(0, maxListed).map(harmless) : value;
}
