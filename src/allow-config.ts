import { z } from 'zod';
import { hopelessConditions, isFor, rulesInForce, soughtNames, type AllowRule } from './upstream/allow-rule.js';
import type { UpstreamProvider } from './upstream/provider.js';

/** Providers whose lists leave something out are asked about each name; more requests than this make no sign-in. */
const maxSought = 50;

const listOf = (entry: z.ZodString) =>
  z
    .array(entry, { error: 'has to be a list; to do without it, leave it out: undefined would let everybody in' })
    .min(1, { error: 'is empty: name somebody, or leave it out' });

const domainPattern = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*';

const email = z.string().regex(new RegExp(`^[!-?A-~]+@${domainPattern}$`, 'i'), {
  error: 'has to be an e-mail address in ASCII, with one @ and no wildcard',
});
const domain = z.string().regex(new RegExp(`^${domainPattern}$`, 'i'), {
  error: 'has to be a domain such as example.com: without an @, without a wildcard, and in ASCII (xn--…)',
});
const name = z.string().regex(/^(?!\s)[^\p{Cc}*]+(?<!\s)$/u, {
  error: 'has to be a name as the provider spells it, without a wildcard and without white space around it',
});

const whose = { error: 'has to be the id of a provider, or a list of them' };

// Exactly optional: a variable that is not set must not make of a narrow rule one for everybody.
const rule = z.strictObject({
  provider: z.union([z.string(), z.array(z.string()).min(1, whose)], whose).exactOptional(),
  emails: listOf(email).exactOptional(),
  emailDomains: listOf(domain).exactOptional(),
  organizations: listOf(name).exactOptional(),
  groups: listOf(name).exactOptional(),
  check: z
    .custom<NonNullable<AllowRule['check']>>((value) => typeof value === 'function', {
      error: 'has to be a function',
    })
    .exactOptional(),
});

/** The option `allow`. */
export const allow = z.preprocess(
  (value) => (Array.isArray(value) ? (value as unknown[]) : [value]),
  z.array(rule).min(1, { error: 'is empty, so that nobody could sign in: give a rule, or leave it out for everybody' }),
);

/** Finds the rules that cannot be meant so, and the providers that nobody could sign in with. */
export function allowFaults({
  allow: rules,
  providers,
}: {
  readonly allow?: readonly AllowRule[] | undefined;
  readonly providers: readonly UpstreamProvider[];
}): string[] {
  if (!rules) return [];
  const ids = providers.map((provider) => provider.id);
  const faults = rules.flatMap((each, index) => {
    const path = `allow.${index}`;
    const named = each.provider === undefined ? [] : [each.provider].flat();
    const isOfNames = each.organizations !== undefined || each.groups !== undefined;
    return [
      ...(Object.keys(each).length === 0
        ? [`${path} says nothing: give it a condition, or { provider: 'ID' } for everybody there.`]
        : []),
      ...named
        .filter((one) => !ids.includes(one))
        .map((one) => `${path}.provider names ${one}, which is none of the providers: ${ids.join(', ')}.`),
      // Anybody can make a group at one provider that is called as somebody's group at another.
      ...(isOfNames && named.length === 0 && ids.length > 1
        ? [`${path}.provider is missing: an organization or a group is one provider's, so say whose.`]
        : []),
      ...providers
        .filter(({ id: one }) => named.includes(one) || ids.length === 1)
        .flatMap((provider) => hopelessConditions(each, provider).map((found) => ({ ...found, id: provider.id })))
        .map((found) => `${path}.${found.condition} lets nobody in at ${found.id}: ${found.reason}.`),
    ];
  });
  if (faults.length > 0) return faults;
  return providers.flatMap((provider) => {
    const { organizations, groups } = soughtNames(rules, provider);
    const isTooMuch = provider.scopesFor !== undefined && Math.max(organizations.length, groups.length) > maxSought;
    return [
      ...(rulesInForce(rules, provider).length === 0 ? [nobodyAt(provider, rules)] : []),
      ...(isTooMuch
        ? [`allow names more than ${maxSought} organizations or groups of ${provider.id}: use check.`]
        : []),
    ];
  });
}

function nobodyAt(provider: UpstreamProvider, rules: readonly AllowRule[]): string {
  const { id: one } = provider;
  const hopeless = rules.filter((each) => isFor(each, provider)).flatMap((each) => hopelessConditions(each, provider));
  const why = hopeless.map(({ condition, reason }) => ` (${condition}: ${reason})`)[0] ?? '';
  return `allow lets nobody sign in with ${one}${why}: add a rule for it, such as { provider: '${one}' } for everybody, which is …_ALLOW_EVERYBODY=true in the environment.`;
}
