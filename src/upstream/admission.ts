import { describeCauses, type Log } from '../telemetry/log.js';
import { AuthError } from '../protocol/auth-error.js';
import { rulesInForce, type AllowRule } from './allow-rule.js';
import type { ProviderSummary, UpstreamProvider, UserInfo } from './provider.js';
import { accountOf, noRuleMatches, Refusal } from './refusal.js';

/**
 * Lets a user in, or throws.
 *
 * @throws {Refusal} when no rule lets the user in
 * @throws {AuthError} what a rule's `check` threw because it cannot tell now
 */
export type Admit = (provider: ProviderSummary, user: UserInfo) => Promise<void>;

type Condition = (user: UserInfo) => boolean;

/** Decides by rules of access who may sign in; without rules that is everybody. */
export function createAdmission(
  rules: readonly AllowRule[] | undefined,
  providers: readonly UpstreamProvider[],
  log: Log,
): Admit {
  if (rules === undefined) return () => Promise.resolve();
  const byProvider = new Map(
    providers.map((provider) => {
      const inForce = rulesInForce(rules, provider);
      return [provider.id, inForce.map((rule) => ({ rule, conditions: conditionsOf(rule, provider) }))];
    }),
  );

  return async ({ id, name }, user) => {
    let answered: AuthError | undefined;
    for (const { rule, conditions } of byProvider.get(id) ?? []) {
      if (!conditions.every((holds) => holds(user))) continue;
      try {
        if (rule.check === undefined || ((await rule.check(user, { id, name })) as unknown) === true) return;
      } catch (thrown) {
        // Another rule may let the user in all the same.
        if (thrown instanceof AuthError) answered = thrown;
        else logFailedCheck(log, id, thrown);
      }
    }
    if (answered && answered.code !== 'access_denied') throw answered;
    throw new Refusal(answered?.message ?? noRuleMatches, {
      account: accountOf(user),
      subject: user.sub,
      cause: new AuthError('access_denied', `No rule of allow matches: ${describe(user)}.`),
    });
  };
}

function conditionsOf(rule: AllowRule, { isOfDomain, ignoresCase = false }: UpstreamProvider): Condition[] {
  const conditions: Condition[] = [];
  if (rule.emails) {
    const emails = new Set(rule.emails.map(lowerCase));
    conditions.push((user) => {
      const known = verifiedAddress(user);
      return known !== undefined && emails.has(known.address);
    });
  }
  if (rule.emailDomains) {
    const domains = new Set(rule.emailDomains.map(lowerCase));
    conditions.push((user) => {
      const known = verifiedAddress(user);
      return known !== undefined && domains.has(known.domain) && (isOfDomain?.(user, known.domain) ?? true);
    });
  }
  for (const member of ['organizations', 'groups'] as const) {
    const listed = rule[member];
    if (!listed) continue;
    const spell = ignoresCase ? lowerCase : (name: string) => name;
    const names = new Set(listed.map(spell));
    conditions.push((user) => user[member]?.some((name) => names.has(spell(name))) ?? false);
  }
  return conditions;
}

/**
 * The address that the provider has verified, in lower case; none where its domain is not beyond doubt.
 *
 * Only ASCII, tested before the case is changed: lower-casing makes a `k` of the Kelvin sign.
 */
function verifiedAddress({ email = '', email_verified }: UserInfo): { address: string; domain: string } | undefined {
  if (!email_verified || !/^[!-?A-~]+@[!-?A-~]+$/.test(email)) return undefined;
  const address = lowerCase(email);
  return { address, domain: address.slice(address.indexOf('@') + 1) };
}

/** Of ASCII letters only: anything else keeps names apart that look alike. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function describe({ email, email_verified, organizations, groups }: UserInfo): string {
  const address = email === undefined ? 'unknown' : email_verified ? 'verified' : 'not verified';
  const known = (names: readonly string[] | undefined) => (names ? 'known' : 'unknown');
  return `e-mail ${address}, organizations ${known(organizations)}, groups ${known(groups)}`;
}

function logFailedCheck(log: Log, provider: string, cause: unknown): void {
  const error = new AuthError('access_denied', 'The check of a rule of allow failed.', { cause });
  const { code, message: description } = error;
  log({ level: 'error', event: 'allow check failed', provider, code, description, causes: describeCauses(error) });
}
