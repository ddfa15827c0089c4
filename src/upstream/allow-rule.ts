import type { ProviderSummary, SoughtNames, UpstreamProvider, UserInfo } from './provider.js';

/**
 * One way to be let in: all of its conditions have to hold, and of each list one entry is enough.
 *
 * What a provider does not say of a user never fulfils a condition.
 */
export interface AllowRule {
  /** The ids of the providers that it is for; with no condition beside it, everybody there is let in. @defaultValue all */
  readonly provider?: string | readonly string[];
  /** Addresses, in whatever case; they count when the provider has verified the user's. */
  readonly emails?: readonly string[];
  /** What has to stand after the `@` of the user's verified address; a subdomain is another domain. */
  readonly emailDomains?: readonly string[];
  /**
   * GitHub organizations, Google Workspace domains, Entra tenants, Slack workspaces, Discord guilds, Auth0 organizations,
   * Atlassian sites.
   */
  readonly organizations?: readonly string[];
  /**
   * GitHub teams (`organization/team`), GitLab groups (full path; a subgroup is another group), Entra groups (id),
   * Discord roles (`guild/role`), groups of Okta, Keycloak, Cognito, Auth0 and others by their names.
   */
  readonly groups?: readonly string[];
  /**
   * Anything else: lets in with `true`, and with nothing but that. An error that it throws refuses the user, unless it
   * is an `AuthError` `temporarily_unavailable`, for what cannot be told just now.
   */
  readonly check?: (user: UserInfo, provider: ProviderSummary) => boolean | Promise<boolean>;
}

/** A list of an {@link AllowRule} that no user of a provider could ever fulfil, and why. */
export interface HopelessCondition {
  readonly condition: 'emails' | 'emailDomains' | 'organizations' | 'groups';
  readonly reason: string;
}

/** Tells whether a rule is for a provider. */
export function isFor({ provider: ids }: AllowRule, { id }: ProviderSummary): boolean {
  return ids === undefined || [ids].flat().includes(id);
}

/** Finds what makes a rule say nothing at a provider; a rule with any such condition lets nobody in there. */
export function hopelessConditions(rule: AllowRule, provider: UpstreamProvider): HopelessCondition[] {
  const { emailAuthority = 'provider', knows = ['organizations', 'groups'] } = provider;
  const doubt =
    emailAuthority === 'nobody'
      ? 'no address is verified there'
      : emailAuthority === 'organization' && rule.organizations === undefined
        ? 'the owner of any organization can write any address there: name organizations beside it'
        : undefined;
  const conditions = ['emails', 'emailDomains', 'organizations', 'groups'] as const;
  return conditions.flatMap((condition) => {
    if (rule[condition] === undefined) return [];
    const isOfNames = condition === 'organizations' || condition === 'groups';
    const reason = isOfNames ? (knows.includes(condition) ? undefined : 'they are never known there') : doubt;
    return reason === undefined ? [] : [{ condition, reason }];
  });
}

/** The rules that can let somebody in at a provider. */
export function rulesInForce(rules: readonly AllowRule[], provider: UpstreamProvider): AllowRule[] {
  return rules.filter((rule) => isFor(rule, provider) && hopelessConditions(rule, provider).length === 0);
}

/** The organizations and groups that a provider has to know for its rules. */
export function soughtNames(rules: readonly AllowRule[], provider: UpstreamProvider): SoughtNames {
  const inForce = rulesInForce(rules, provider);
  const union = (lists: (readonly string[] | undefined)[]) => [...new Set(lists.flatMap((list) => list ?? []))];
  return {
    organizations: union(inForce.map(({ organizations }) => organizations)),
    groups: union(inForce.map(({ groups }) => groups)),
  };
}
