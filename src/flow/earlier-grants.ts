import type { Client } from '../clients/client.js';
import type { Grants } from '../grants/grant-store.js';
import type { Grant } from '../grants/grant.js';
import { refreshableUntil, type GrantLifetimes } from '../grants/lifetimes.js';
import type { HttpRequest } from '../http/message.js';
import type { Clock } from '../storage/clock.js';
import type { BrowserBinding } from './browser-binding.js';
import type { RequestedAuthorization } from './transaction.js';
import type { UserHints } from './user-hint.js';

/** What the user who signed in last in a browser has granted to a client before, as far as it still counts. */
export interface EarlierGrants {
  /** Names the user: whatever follows from this has to be taken back when it turns out to be another one. */
  readonly userTag: string;
  readonly scopes: readonly string[];
  /** Those that were approved recently, for an answer to the same host. */
  readonly recent: readonly string[];
}

/** Recalls earlier grants; undefined when there are none, or nobody can tell whose they would be. */
export type RecallGrants = (
  request: HttpRequest,
  client: Client,
  requested: RequestedAuthorization,
) => Promise<EarlierGrants | undefined>;

/** What recalling needs. */
export interface RecallServices {
  readonly binding: BrowserBinding;
  readonly hints: UserHints;
  readonly grants: Pick<Grants, 'ofUser'>;
  /** Reads a client that registered itself out of its id. */
  readonly readRegistered: (clientId: string) => Client | undefined;
  readonly clock: Clock;
  readonly lifetimes: GrantLifetimes;
  /** Seconds for which an approval is recent. */
  readonly consentTtl: number;
}

/**
 * Recalls from the grants themselves: what was ended, by whomever, is forgotten with them, and there is no second list
 * of approvals that could say something else.
 */
export function createRecallGrants(services: RecallServices): RecallGrants {
  const { binding, hints, grants, readRegistered, clock, lifetimes, consentTtl } = services;

  /** A client that registers again under a new secret of this server gets another id, and is the same client. */
  function isOf(client: Client, { clientId }: Grant): boolean {
    if (clientId === client.clientId) return true;
    if (client.authenticationMethod !== 'none' || !readRegistered(client.clientId)) return false;
    const other = readRegistered(clientId);
    return other !== undefined && JSON.stringify(other.metadata) === JSON.stringify(client.metadata);
  }

  function isLive(grant: Grant, now: number): boolean {
    if (grant.ended !== undefined || grant.code.redeemedAt === undefined) return false;
    const until = grant.refresh ? refreshableUntil(grant, lifetimes) : (grant.lastTokenExpiresAt ?? 0);
    return now < until;
  }

  return async (request, client, { resource, redirectUri }) => {
    const browser = binding.browserOf(request);
    const userTag = browser === undefined ? undefined : hints.read(request, browser);
    if (userTag === undefined) return undefined;
    const now = clock();
    const all = await grants.ofUser(userTag);
    const live = all.filter((grant) => grant.resource === resource && isLive(grant, now) && isOf(client, grant));
    const recent = live.filter(
      ({ createdAt, code }) => now < createdAt + consentTtl && hostOf(code.redirectUri) === hostOf(redirectUri),
    );
    return live.length > 0 ? { userTag, scopes: scopesOf(live), recent: scopesOf(recent) } : undefined;
  };
}

function scopesOf(grants: readonly Grant[]): readonly string[] {
  return [...new Set(grants.flatMap(({ scopes }) => scopes))];
}

/** Undefined for a request without the parameter, which goes where the client's only redirect URI leads. */
function hostOf(redirectUri: string | undefined): string | undefined {
  return redirectUri !== undefined && URL.canParse(redirectUri) ? new URL(redirectUri).host : undefined;
}
