import type { AuditEvent, RequestOrigin } from '../telemetry/audit.js';

/** Who makes a change, for the audit. */
export interface Actor extends RequestOrigin {
  /** The name of the credential, or what the change is made with. */
  readonly operator: string;
}

/** What a change in code is known by, where nobody says more. */
export const application: Actor = { operator: 'application' };

/** Hears of changes. */
export type TellChange = (by: Actor, event: Change) => void;

/** An event that an operator causes, less who that is. */
type Change = WithoutOperator<Extract<AuditEvent, { readonly operator: string }>>;

type WithoutOperator<Event> = Event extends unknown ? Omit<Event, 'operator'> : never;
