/** What every event says of its circumstances, as far as they are known. None of it is a secret or a token. */
export interface AuditCircumstances {
  /** What a page showed and the log says, so that they can be brought together. */
  readonly requestId?: string | undefined;
  /** The address that the request came from, as far as trusted proxies tell it. */
  readonly address?: string | undefined;
  readonly clientId?: string | undefined;
  /** The `sub` of the user's tokens. */
  readonly subject?: string | undefined;
  readonly grantId?: string | undefined;
}

/** Something that matters to security, as it happened. */
export type AuditEvent = AuditCircumstances & {
  readonly outcome: 'success' | 'failure';
} & (
    | { readonly event: 'signing key rotated' }
    | { readonly event: 'grant ended'; readonly reason: string }
    | RegistryEvent
  );

/** Something that an operator changed while the server ran. */
export type RegistryEvent = {
  /** By the name of the credential, or what it was done with. */
  readonly operator: string;
} & (
  | { readonly event: 'client.added' | 'client.changed' | 'client.removed'; readonly clientId: string }
  | { readonly event: 'resource.added' | 'resource.changed' | 'resource.removed'; readonly resource: string }
  /** Of one client, or of a host. */
  | { readonly event: 'client.blocked' | 'client.unblocked'; readonly clientId?: string; readonly host?: string }
);

/** Receives audit events. The instant is added where they are written. */
export type Audit = (event: AuditEvent) => void;
