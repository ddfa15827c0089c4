import type { AuditCircumstances, RegistryEvent } from '../telemetry/audit.js';

/** Who makes a change, for the audit. */
export interface Actor extends Pick<AuditCircumstances, 'requestId' | 'address'> {
  /** The name of the credential, or what the change is made with. */
  readonly operator: string;
}

/** What a change in code is known by, where nobody says more. */
export const application: Actor = { operator: 'application' };

/** Hears of changes. */
export type TellChange = (by: Actor, event: DistributiveOmit<RegistryEvent, 'operator'>) => void;

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
