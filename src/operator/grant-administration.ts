import type { Grants } from '../grants/grant-store.js';
import type { GrantIds } from '../grants/grant-id.js';
import type { EndReason, Grant, Identity } from '../grants/grant.js';
import { stateOf, type GrantLifetimes, type GrantState } from '../grants/lifetimes.js';
import type { Clock } from '../storage/clock.js';
import { application, type Actor } from './actor.js';

/** Which grants an operator means: those that fit all that is named. Nothing named means all of them. */
export interface GrantSelection {
  readonly grantId?: string | undefined;
  readonly clientId?: string | undefined;
  /** The `sub` of the user's tokens. */
  readonly subject?: string | undefined;
  /** The user as the provider knows it, whatever `tokenMapper` makes of it. */
  readonly upstream?: { readonly issuer: string; readonly subject: string } | undefined;
}

/** What an operator is shown of a grant. Instants are epoch seconds. */
export interface GrantSummary {
  readonly grantId: string;
  readonly clientId: string;
  /** What the client calls itself, or the configuration calls it; a stranger's words. */
  readonly clientName?: string | undefined;
  /** The `sub` of the user's tokens; absent where the secret that sealed it is gone. */
  readonly subject?: string | undefined;
  /** The id of the provider that the user signed in with. */
  readonly provider?: string | undefined;
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  /** When the last access token expires that was issued on it. */
  readonly lastTokenExpiresAt?: number | undefined;
  readonly state: GrantState;
  readonly ended?: { readonly at: number; readonly because: EndReason } | undefined;
  /** What else the tokens say of the user. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/** Lets an operator see grants, and end them. */
export interface GrantAdministration {
  /**
   * Finds what users have granted to clients, those that have ended lately among them. A selection by id, or by the user at
   * a provider, is one look; any other reads the whole store.
   *
   * @throws {ConfigurationError} when the store would have to be read as a whole, and cannot be
   * @throws {AuthError} temporarily_unavailable when the store is away
   */
  find(selection: GrantSelection): AsyncIterable<GrantSummary>;
  /**
   * Ends a grant at once: its refresh token, its access tokens and its upstream tokens. May be repeated.
   *
   * @returns false when there is no such grant, or it had ended before
   * @throws {AuthError} temporarily_unavailable when the store is away
   */
  revoke(grantId: string, by?: Actor): Promise<boolean>;
}

/** What administration needs. */
export interface GrantAdministrationServices {
  readonly grants: Pick<Grants, 'change' | 'end' | 'ofUser'>;
  readonly grantIds: Pick<GrantIds, 'userTag'>;
  /** Reads all grants. @throws where the store cannot be read as a whole */
  readonly allGrants: () => AsyncIterable<Grant>;
  /** Opens who the user of a grant is. @throws where the secret is gone */
  readonly identityOf: (grant: Grant) => Identity;
  readonly nameOfClient: (clientId: string) => string | undefined;
  /** Waits a little for what is being revoked at the providers. */
  readonly settle: () => Promise<void>;
  readonly clock: Clock;
  readonly lifetimes: GrantLifetimes;
}

/** So many grants are ended before their revocations at the providers are waited for. */
const revokedAtOnce = 20;

/** Reads by key where the selection leads to one, and everything otherwise. */
export function createGrantAdministration(services: GrantAdministrationServices): GrantAdministration {
  const { grants, grantIds, allGrants, identityOf, nameOfClient, settle, clock, lifetimes } = services;
  let revoked = 0;

  async function* candidates({ grantId, upstream }: GrantSelection): AsyncIterable<Grant> {
    if (grantId !== undefined) {
      const grant = await read(grantId);
      if (grant) yield grant;
    } else if (upstream) {
      yield* await grants.ofUser(await grantIds.userTag(upstream.issuer, upstream.subject));
    } else yield* allGrants();
  }

  const read = (grantId: string) => grants.change(grantId, (grant) => ({ result: grant }));

  function summarize(grant: Grant): GrantSummary {
    const { grantId, clientId, resource, scopes, createdAt, lastTokenExpiresAt, ended } = grant;
    const { sub, provider, claims } = opened(grant);
    return {
      grantId,
      clientId,
      clientName: nameOfClient(clientId),
      subject: sub,
      provider,
      resource,
      scopes,
      createdAt,
      lastTokenExpiresAt,
      state: stateOf(grant, clock(), lifetimes),
      ended,
      claims,
    };
  }

  function opened(grant: Grant): Partial<Identity> {
    try {
      return identityOf(grant);
    } catch {
      return {};
    }
  }

  return {
    async *find(selection) {
      const { grantId, clientId, subject, upstream } = selection;
      const userTag = upstream && (await grantIds.userTag(upstream.issuer, upstream.subject));
      for await (const grant of candidates(selection)) {
        const fits =
          (grantId === undefined || grant.grantId === grantId) &&
          (clientId === undefined || grant.clientId === clientId) &&
          (userTag === undefined || grant.grantId.startsWith(`${userTag}.`));
        const summary = fits ? summarize(grant) : undefined;
        if (summary && (subject === undefined || summary.subject === subject)) yield summary;
      }
    },

    async revoke(grantId, by = application) {
      const before = await read(grantId);
      if (!before) return false;
      // Also when it had ended before: that time the upstream tokens may have stayed.
      await grants.end(grantId, 'revoked by operator', by);
      if (++revoked % revokedAtOnce === 0) await settle();
      return before.ended === undefined;
    },
  };
}
