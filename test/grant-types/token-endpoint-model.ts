/**
 * What the token endpoint ought to do, without records, credentials, secrets, stores and processes: restarts and
 * rotations of the secret do not occur in it, for they change nothing.
 */

/** All in seconds; instants are met exactly. */
export const limits = { accessTokenTtl: 300, codeTtl: 60, graceTtl: 120, refreshTokenTtl: 750, grantTtl: 1200 };
const toleranceTtl = 60;

export interface ResourceModel {
  readonly url: string;
  readonly ttl: number;
  readonly scopes: readonly string[];
  readonly implied: Readonly<Record<string, readonly string[] | undefined>>;
  readonly defaults: readonly string[];
}

export const resources: readonly [ResourceModel, ResourceModel] = [
  {
    url: 'https://mcp.example/mcp',
    ttl: 300,
    scopes: ['mcp:tools', 'notes:read', 'notes:write', 'admin'],
    implied: { 'notes:write': ['notes:read'] },
    defaults: ['mcp:tools'],
  },
  { url: 'https://mcp.example/plain', ttl: 700, scopes: [], implied: {}, defaults: [] },
];

/** The clients, and what they may do. */
export const clientRules = {
  public: { grantTypes: ['authorization_code', 'refresh_token'], hasSecret: false },
  confidential: { grantTypes: ['authorization_code', 'refresh_token'], hasSecret: true },
  once: { grantTypes: ['authorization_code'], hasSecret: false },
  configured: { grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'], hasSecret: true },
  machine: { grantTypes: ['client_credentials'], hasSecret: true },
} as const satisfies Record<string, { grantTypes: readonly string[]; hasSecret: boolean }>;

export type ClientName = keyof typeof clientRules;

/** What the operator lets a client of the configuration ask for. */
const ownLimits: Partial<Record<ClientName, { scopes: readonly string[]; resources: readonly string[] }>> = {
  configured: { scopes: ['mcp:tools', 'notes:read'], resources: [resources[0].url] },
};

/** The answer that is due: an error; or tokens, with which refresh token, for what. */
export type Due =
  string | { readonly refresh: 'first' | 'next' | 'current' | 'none'; readonly scopes: readonly string[] };

/** How a request differs from what it should be. */
export interface Presented {
  readonly by: ClientName;
  readonly wrongSecret?: boolean;
  /** Whether the credential, and what proves that it is presented rightly, are as they were issued. */
  readonly isIntact: boolean;
  readonly resource?: string | undefined;
  readonly scopes?: readonly string[];
}

export class GrantModel {
  isEnded = false;
  redeemedAt: number | undefined;
  /** When each refresh token was superseded, the first one first; the current one was not. */
  readonly supersededAt: number[] = [];

  constructor(
    readonly owner: ClientName,
    readonly resource: ResourceModel,
    readonly scopes: readonly string[],
    readonly createdAt: number,
  ) {}

  redeem(now: number, presented: Presented): Due {
    const refusal = refusedClient(presented, 'authorization_code');
    if (refusal) return refusal;
    if (!presented.isIntact || presented.by !== this.owner || this.isEnded) return 'invalid_grant';
    if (this.redeemedAt !== undefined) return this.#end();
    if (now > this.createdAt + limits.codeTtl) return 'invalid_grant';
    if (!this.#isMeant(presented.resource)) return 'invalid_target';
    const scopes = this.#narrowed([]);
    if (!this.#mayHaveResource() || !scopes) return 'invalid_grant';
    this.redeemedAt = now;
    return { refresh: this.#mayRefresh() ? 'first' : 'none', scopes };
  }

  /** @param generation - 1 is the first refresh token */
  refresh(now: number, generation: number, presented: Presented): Due {
    const refusal = refusedClient(presented, 'refresh_token');
    if (refusal) return refusal;
    if (!presented.isIntact || presented.by !== this.owner || this.isEnded) return 'invalid_grant';
    const supersededAt = this.supersededAt[generation - 1];
    const age = supersededAt === undefined ? 0 : now - supersededAt;
    if (age > limits.graceTtl + toleranceTtl) return this.#end();
    if (age > limits.graceTtl || !this.isRefreshable(now)) return 'invalid_grant';
    if (!this.#isMeant(presented.resource)) return 'invalid_target';
    if (!this.#mayHaveResource()) return 'invalid_grant';
    const scopes = this.#narrowed(presented.scopes ?? []);
    if (!scopes) return 'invalid_scope';
    if (supersededAt === undefined) this.supersededAt.push(now);
    return { refresh: supersededAt === undefined ? 'next' : 'current', scopes };
  }

  /** Tells whether the current refresh token is good: the client did not idle, and the grant is not too old. */
  isRefreshable(now: number): boolean {
    const lastAt = this.supersededAt.at(-1) ?? this.redeemedAt ?? -Infinity;
    return !this.isEnded && now <= Math.min(lastAt + limits.refreshTokenTtl, this.createdAt + limits.grantTtl);
  }

  #end(): string {
    this.isEnded = true;
    return 'invalid_grant';
  }

  #mayRefresh(): boolean {
    return clientRules[this.owner].grantTypes.some((name) => name === 'refresh_token');
  }

  /** An operator may have narrowed what the client may ask for, since the user was asked. */
  #mayHaveResource(): boolean {
    return ownLimits[this.owner]?.resources.includes(this.resource.url) ?? true;
  }

  #isMeant(resource: string | undefined): boolean {
    return resource === undefined || resource === this.resource.url;
  }

  #narrowed(requested: readonly string[]): readonly string[] | undefined {
    const isPermitted = (scope: string) => ownLimits[this.owner]?.scopes.includes(scope) ?? true;
    const granted = this.scopes.filter((scope) => scope === 'offline_access' || isPermitted(scope));
    const reachable = reachableWith(granted, this.resource);
    const known = this.resource.scopes.filter(isPermitted);
    if (requested.some((scope) => known.includes(scope) && !reachable.includes(scope))) return undefined;
    const wanted = requested.filter((scope) => reachable.includes(scope));
    return wanted.length > 0 ? wanted : granted;
  }
}

/** What a client gets that acts for itself, and for which resource. */
export function dueToItself(presented: Presented): { readonly due: Due; readonly resource: ResourceModel } {
  const [first] = resources;
  const refusal = refusedClient(presented, 'client_credentials');
  if (refusal) return { due: refusal, resource: first };
  const own = ownLimits[presented.by];
  const wanted = resources.find(({ url }) => url === (presented.resource ?? first.url));
  if (!wanted || own?.resources.includes(wanted.url) === false) return { due: 'invalid_target', resource: first };
  const permitted = (presented.scopes ?? []).filter(
    (scope) => wanted.scopes.includes(scope) && (own?.scopes.includes(scope) ?? true),
  );
  return { due: { refresh: 'none', scopes: permitted.length > 0 ? permitted : wanted.defaults }, resource: wanted };
}

/** Everything that scopes allow: what they are, and what they imply. */
export function reachableWith(scopes: readonly string[], { implied }: ResourceModel): readonly string[] {
  return [...new Set(scopes.flatMap((scope) => [scope, ...(implied[scope] ?? [])]))];
}

/** Tells whether an access token counts: until its end, and not a moment after its grant's. */
export function counts(now: number, expiresAt: number, grant: GrantModel | undefined): boolean {
  return now < expiresAt + toleranceTtl && grant?.isEnded !== true;
}

function refusedClient({ by, wrongSecret }: Presented, grantType: string): string | undefined {
  // Whoever sends a secret where none was registered uses a method that is not the client's.
  if (wrongSecret) return 'invalid_client';
  return clientRules[by].grantTypes.some((name) => name === grantType) ? undefined : 'unauthorized_client';
}
