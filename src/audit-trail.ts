import { hash } from 'node:crypto';
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

/** Member by member: to take objects apart into lists and put them together again costs several times as much. */
function recordOf(event: AuditEvent, at: number): AuditRecord {
  const { event: name, clientId, claimedClientId, clientName } = event;
  const record: Record<string, unknown> = { event: name, at, outcome: auditOutcomes[name] };
  for (const member in event) {
    const value: unknown = event[member as keyof AuditEvent];
    if (value !== undefined && !toldApart.has(member)) record[member] = harmless(value);
  }
  if (clientId !== undefined) record['clientId'] = harmless(clientId);
  const id = clientId ?? claimedClientId;
  if (id !== undefined) record['client'] = shortName(id);
  if (clientName !== undefined) record['clientName'] = readable(clientName, maxNameLength);
  return Object.freeze(record as unknown as AuditRecord);
}

const toldApart: ReadonlySet<string> = new Set(['event', 'clientId', 'claimedClientId', 'clientName']);

/** A short name of a client, by which its events can be found; several clients have one by a chance of nothing. */
export function shortName(clientId: string): string {
  return hash('sha256', clientId, 'base64url').slice(0, 12);
}

function harmless(value: unknown): unknown {
  if (typeof value === 'string') return readable(value, maxTextLength);
  return Array.isArray(value) ? value.slice(0, maxListed).map(harmless) : value;
}
