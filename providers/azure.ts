import type { Claims, IdentityEvidence as Evidence, UpstreamProvider } from '../src/upstream/provider.js';
import { AuthError } from '../src/protocol/auth-error.js';

/** Settings of {@link azureProvider}. */
export interface AzureOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The tenant's id or one of its domains; or `organizations`, `consumers` or `common`, which are many tenants. */
  readonly tenant?: string;
  /** The same as `tenant`. */
  readonly tenantId?: string;
  /** The ids of the tenants whose users may sign in. */
  readonly allowedTenants?: readonly string[] | undefined;
  /** Says that users of any tenant at all may sign in, where `tenant` is `organizations` or `common`. */
  readonly anyTenant?: boolean;
  /** The sign-in host of a national cloud. @defaultValue `https://login.microsoftonline.com` */
  readonly authority?: string;
  /** @defaultValue `openid`, `profile`, `email`, `offline_access` */
  readonly scopes?: readonly string[];
  /** More parameters of the authorization request, such as `domain_hint`. */
  readonly authorizationParameters?: UpstreamProvider['authorizationParameters'];
}

/** The tenant of all personal Microsoft accounts. */
const consumers = '9188040d-6c67-4c5b-b112-36a304b66dad';
const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Microsoft Entra ID, formerly Azure AD.
 *
 * The subject is the tenant's and the user's id, joined by a dot: the `sub` of its tokens is another one in each app, and
 * is not said to be another one in each tenant. The user's organization is the tenant's id. Addresses are written by the tenants' administrators, so one is verified
 * only where the app has the optional claim `xms_edov` and it says so.
 */
export function azureProvider(options: AzureOptions): UpstreamProvider {
  const { clientId, clientSecret, anyTenant = false, authority = 'https://login.microsoftonline.com' } = options;
  const { scopes = ['openid', 'profile', 'email', 'offline_access'], authorizationParameters } = options;
  const tenant = (options.tenant ?? options.tenantId ?? '').toLowerCase();
  const graph = graphOf(authority);
  const allowed = options.allowedTenants?.map((id) => id.toLowerCase());
  return {
    id: 'azure',
    name: 'Microsoft',
    issuer: `${authority.replace(/\/+$/, '')}/${tenant}/v2.0`,
    sendsCallbackIssuer: false,
    clientId,
    clientSecret,
    scopes,
    clientAuthentication: 'client_secret_post',
    reportsScopes: false,
    idTokenAlgorithms: ['RS256'],
    authorizationParameters,
    // Nothing but a new sign-in helps against these.
    refresh: {
      errorCodes: {
        interaction_required: 'invalid_grant',
        login_required: 'invalid_grant',
        consent_required: 'invalid_grant',
      },
    },
    // It knows less than the ID token, and answers only to tokens for Microsoft Graph; named for the lists there.
    endpoints: { userInfo: `${graph}/oidc/userinfo` },
    readsUserInfo: false,
    // Ids are often copied in capitals.
    ignoresCase: true,
    faults: faultsOf(tenant, allowed, anyTenant, scopes),
    issuerOfTenant({ tid }, published) {
      if (typeof tid !== 'string' || !guid.test(tid)) throw refusal('server_error', 'The sign-in names no tenant.');
      const isAllowed =
        (allowed?.includes(tid) ?? true) &&
        (tenant !== 'organizations' || tid !== consumers) &&
        (tenant !== 'consumers' || tid === consumers) &&
        (!guid.test(tenant) || tid === tenant);
      if (!isAllowed) throw refusal('access_denied', 'Accounts of this organization may not sign in here.');
      return published.replace('{tenantid}', tid);
    },
    identify: async ({ idToken, ask, sought }) => ({
      ...idToken,
      sub: subjectOf(idToken),
      email_verified: [true, 'true', 1, '1'].includes(idToken.xms_edov as string),
      picture: undefined,
      // An optional claim: the language that the user prefers.
      locale: idToken.xms_pl,
      organizations: [idToken.tid],
      groups: isElsewhere(idToken) ? await groupsAt(graph, ask, sought) : idToken.groups,
    }),
  };
}

function faultsOf(
  tenant: string,
  allowed: readonly string[] | undefined,
  anyTenant: boolean,
  scopes: readonly string[],
): string[] {
  const faults = {
    'the tenant is missing; use the id of your tenant': tenant === '',
    'with the tenant common or organizations anybody could sign in; list allowedTenants (AZURE_ALLOWED_TENANTS), or say anyTenant: true (AZURE_ALLOW_EVERYBODY=true)':
      (tenant === 'common' || tenant === 'organizations') && allowed === undefined && !anyTenant,
    'allowedTenants has to list the ids of tenants': allowed?.every((id) => guid.test(id)) === false,
    'the scopes have to include profile, without which the ID token lacks the id of the user':
      !scopes.includes('profile'),
  };
  return Object.entries(faults).flatMap(([text, isFault]) => (isFault ? [text] : []));
}

/** The tenant was checked by now. Users can leave the scope out that has their id: they are nobody else for that. */
function subjectOf({ tid, oid }: Claims): string {
  if (typeof oid === 'string' && oid !== '') return `${String(tid)}.${oid}`;
  throw refusal('server_error', 'The identity provider did not say who the user is.');
}

/** Of more than 200 groups there is only a pointer, to a service that is no more. */
function isElsewhere({ hasgroups, _claim_names: elsewhere }: Claims): boolean {
  return hasgroups !== undefined || (typeof elsewhere === 'object' && elsewhere !== null && 'groups' in elsewhere);
}

/** Refused, as to a token for something else than Graph, the groups are unknown, not none. */
async function groupsAt(graph: string, ask: Evidence['ask'], { groups }: Evidence['sought']): Promise<unknown> {
  const body = { securityEnabledOnly: false };
  const answer = await ask(`${graph}/v1.0/me/getMemberObjects`, { body, optional: true }).catch((thrown: unknown) => {
    // Who may sign in is not known then; where groups do not decide it, an outage there is none of the sign-in.
    if (groups.length > 0) throw thrown;
  });
  return (answer as Claims | null | undefined)?.value;
}

/** Each national cloud has a Graph of its own. */
function graphOf(authority: string): string {
  if (/\.us\/*$/i.test(authority)) return 'https://graph.microsoft.us';
  return /\.cn\/*$/i.test(authority) ? 'https://microsoftgraph.chinacloudapi.cn' : 'https://graph.microsoft.com';
}

function refusal(code: 'access_denied' | 'server_error', text: string): AuthError {
  return new AuthError(code, text);
}
