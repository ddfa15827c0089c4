/** Who caused something, as far as a request or an operator's tool tells it. Passed on to wherever it is to be told. */
export interface RequestOrigin {
  /** What a page showed and the log says, so that they can be brought together. */
  readonly requestId?: string | undefined;
  /** The address that the request came from, as far as trusted proxies tell it. */
  readonly address?: string | undefined;
  /** What an operator did it with; absent where no operator did. */
  readonly operator?: string | undefined;
}

/** Whom and what an event is about, as far as that is known. None of it is a secret or a token. */
export interface AuditCircumstances extends RequestOrigin {
  readonly clientId?: string | undefined;
  /** The id that somebody gave who is no client here. Only its short name is told: it may be anything, a secret too. */
  readonly claimedClientId?: string | undefined;
  /** What the client calls itself: a stranger's word. */
  readonly clientName?: string | undefined;
  /** The `sub` of the user's tokens. */
  readonly subject?: string | undefined;
  readonly grantId?: string | undefined;
  /** The id of the identity provider. */
  readonly provider?: string | undefined;
  /** The URL of the MCP server. */
  readonly resource?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** Why, in our words. */
  readonly reason?: string | undefined;
}

/** A client, and what it asks for. */
interface Asked {
  readonly clientId: string;
  readonly resource: string;
  readonly scopes: readonly string[];
}

/** A grant, and what it is for. The subject is absent where its record can no longer be opened. */
interface OnGrant extends Asked {
  readonly grantId: string;
}

interface WithReason {
  readonly reason: string;
}

interface ByOperator {
  /** The name of the credential, or what it was done with. */
  readonly operator: string;
}

/** What is told, by the name of the event: what that means, and what it always says beside its circumstances. */
export interface AuditEvents {
  /** A client registered itself. Nothing was stored: its id is its registration. */
  'client.registered': { readonly clientId: string; readonly redirectHosts: readonly string[] };
  /** Somebody did not prove to be the client, or the resource server, that it said it is. */
  'client.authentication_failed': WithReason;
  /** The consent page was shown; with a subject, to a user who had signed in already. */
  'consent.shown': Asked;
  /** The operator vouches for the client, or the user approved the same before: nobody was asked. */
  'consent.skipped': Asked & WithReason;
  /** A user approved, and goes to the provider. Who that is will show there. */
  'consent.approved': Asked;
  /** A user denied. */
  'consent.denied': Asked;
  /** An approval or denial came from a browser that was not shown the page: it counted for nothing. */
  'consent.rejected': Asked & WithReason;
  /** A user signed in at the provider, and may sign in here. */
  'user.signed_in': { readonly subject: string; readonly provider: string; readonly clientId: string };
  /** A user signed in at the provider, and is refused here: by a rule of access, a preset or a `tokenMapper`. */
  'sign_in.refused': { readonly provider: string; readonly clientId: string } & WithReason;
  /** A sign-in that somebody approved came to nothing: at the provider, or in a browser that had not approved it. */
  'sign_in.failed': WithReason;
  /** A user signed in at the provider to see the connected applications. The subject is the provider's, whatever a mapper makes of it. */
  'account.signed_in': { readonly provider: string };
  /** A user left the page of the connected applications. */
  'account.signed_out': { readonly provider: string };
  /** A user's approval was recorded, and the client got its authorization code. */
  'grant.created': OnGrant & { readonly subject: string };
  /** A client got the first tokens of a grant, or a token for itself. */
  'tokens.issued': Asked & { readonly grantType: 'authorization_code' | 'client_credentials' };
  /** A client got new tokens for its current refresh token, which changed. */
  'tokens.refreshed': OnGrant;
  /** A client used a refresh token that was superseded a moment ago, and got the current one. */
  'tokens.grace_served': OnGrant;
  /** An authorization code was used again, by whoever has all that belongs to it: one of the two stole it. The grant ends. */
  'code.replayed': OnGrant;
  /** A refresh token was used long after it was superseded: one of two users of it stole it. The grant ends. */
  'refresh_token.replayed': OnGrant;
  /** A grant ended: its refresh token, its access tokens, and what the provider gave for it. Told once. */
  'grant.ended': OnGrant & WithReason;
  /** A client ended one access token, while its grant lives on. A refresh token that it ends ends the grant. */
  'access_token.revoked': { readonly clientId: string };
  /** Tokens were issued on a new grant, and the MCP server has not seen any of them: what came between? */
  'access_token.unused': OnGrant;
  /** A new signing key was made and published: the first one, one that was due, or one that an operator asked for. */
  'signing_key.rotated': { readonly keyId: string } & WithReason;
  /** An address or a client asked for too much, and is refused for a while. Told once in that while. */
  'request.rate_limited': { readonly limit: string };
  /** Somebody came to the admin API without a credential of it, or with an unknown one. */
  'admin.authentication_failed': WithReason;
  /** An operator added a client to the registry. */
  'client.added': ByOperator & { readonly clientId: string };
  /** An operator changed a client of the registry, or gave it another secret. */
  'client.changed': ByOperator & { readonly clientId: string };
  /** An operator removed a client from the registry: its grants and tokens are worth nothing any more. */
  'client.removed': ByOperator & { readonly clientId: string };
  /** An operator blocked one client, or all that have to do with a host. */
  'client.blocked': ByOperator & { readonly clientId?: string; readonly host?: string };
  /** An operator lifted a block. */
  'client.unblocked': ByOperator & { readonly clientId?: string; readonly host?: string };
  /** An operator added an MCP server to the registry. */
  'resource.added': ByOperator & { readonly resource: string };
  /** An operator changed an MCP server of the registry, or gave it another introspection key. */
  'resource.changed': ByOperator & { readonly resource: string };
  /** An operator removed an MCP server from the registry: no token for it counts any more. */
  'resource.removed': ByOperator & { readonly resource: string };
}

/** The name of an event. */
export type AuditEventName = keyof AuditEvents;

/** Whether what somebody wanted came about. */
export type AuditOutcome = 'success' | 'failure';

/** The outcome that an event tells of; also the list of all events. */
export const auditOutcomes: Readonly<Record<AuditEventName, AuditOutcome>> = {
  'client.registered': 'success',
  'client.authentication_failed': 'failure',
  'consent.shown': 'success',
  'consent.skipped': 'success',
  'consent.approved': 'success',
  'consent.denied': 'failure',
  'consent.rejected': 'failure',
  'user.signed_in': 'success',
  'sign_in.refused': 'failure',
  'sign_in.failed': 'failure',
  'account.signed_in': 'success',
  'account.signed_out': 'success',
  'grant.created': 'success',
  'tokens.issued': 'success',
  'tokens.refreshed': 'success',
  'tokens.grace_served': 'success',
  'code.replayed': 'failure',
  'refresh_token.replayed': 'failure',
  'grant.ended': 'success',
  'access_token.revoked': 'success',
  'access_token.unused': 'failure',
  'signing_key.rotated': 'success',
  'request.rate_limited': 'failure',
  'admin.authentication_failed': 'failure',
  'client.added': 'success',
  'client.changed': 'success',
  'client.removed': 'success',
  'client.blocked': 'success',
  'client.unblocked': 'success',
  'resource.added': 'success',
  'resource.changed': 'success',
  'resource.removed': 'success',
};

/** Something that matters to security, as it is told where it happens. */
export type AuditEvent = {
  [Name in AuditEventName]: { readonly event: Name } & AuditCircumstances & AuditEvents[Name];
}[AuditEventName];

/** Tells of what matters to security. Never throws, and waits for nobody. */
export type Audit = (event: AuditEvent) => void;

/** An audit event as it is delivered. */
export type AuditRecord = AuditEvent & {
  /** Epoch seconds, with fractions. */
  readonly at: number;
  readonly outcome: AuditOutcome;
  /** A short name of the client, made of its id, which may have a thousand characters. */
  readonly client?: string;
  readonly claimedClientId?: undefined;
};
