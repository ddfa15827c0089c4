import type { AllowRule } from './upstream/allow-rule.js';
import type { UpstreamProvider } from './upstream/provider.js';

/** Environment variables by their names; an empty one counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Condition = 'emails' | 'emailDomains' | 'organizations' | 'groups';

/** Names of variables, less the prefix, that make a rule: with the condition that they give. */
export type RuleWords = Readonly<Record<string, Condition>>;

/** What the variables of rules are about: a provider, by the prefixes of its variables. */
export interface RuleSource {
  /** What people call the provider. */
  readonly name: string;
  readonly prefixes: readonly string[];
  /** What the provider itself calls organizations and groups. */
  readonly words?: RuleWords;
  /** Undefined where it is not configured. */
  readonly provider: UpstreamProvider | undefined;
}

const addresses = { ALLOWED_EMAILS: 'emails', ALLOWED_DOMAINS: 'emailDomains' } as const;
const names = { ALLOWED_ORGANIZATIONS: 'organizations', ALLOWED_GROUPS: 'groups' } as const;
const everybody = 'ALLOW_EVERYBODY';

/**
 * Reads rules of access from `GATEHOUSE_ALLOWED_…`, for all providers, and `<PREFIX>_ALLOWED_…`. Each variable is a rule
 * of its own; undefined when there is none.
 *
 * @param faults - gets a sentence for each variable that cannot be used: one that is misspelt would let everybody in
 */
export function rulesFromEnvironment(
  environment: Environment,
  sources: readonly RuleSource[],
  faults: string[],
): AllowRule[] | undefined {
  const rules = [
    ...readRules(environment, 'GATEHOUSE', addresses, faults).map(({ rule }) => rule),
    ...sources.flatMap((source) => rulesOf(source, environment, faults)),
  ];
  return rules.length > 0 ? rules : undefined;
}

/** The entries of a variable: between commas or white space; names of groups may contain spaces, so only commas there. */
export function listIn(value: string, variable = ''): string[] {
  const separator = variable.endsWith('_ALLOWED_GROUPS') ? /[\n,]+/ : /[\s,]+/;
  return value
    .split(separator)
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function rulesOf({ name, prefixes, words, provider }: RuleSource, environment: Environment, faults: string[]) {
  if (!provider) {
    for (const variable of prefixes.flatMap((prefix) => ruleVariables(environment, prefix))) {
      faults.push(`${variable} is set, but the ${name} provider is not: set its variables too.`);
    }
    return [];
  }
  const { id } = provider;
  const found = prefixes.flatMap((prefix) =>
    readRules(environment, prefix, { ...addresses, ...names, ...words, [everybody]: everybody }, faults),
  );
  const open = found.find(({ isOpen }) => isOpen);
  const closed = found.filter(({ isOpen }) => !isOpen);
  if (open && closed[0]) {
    faults.push(`${open.variable} lets everybody in, so ${closed[0].variable} says nothing: remove one of them.`);
  }
  const rules = found.map(({ rule }) => ({ ...rule, provider: id }));
  return provider.emailAuthority === 'organization' ? withinOrganizations(rules) : rules;
}

/** Where an organization's owner writes the addresses, they narrow the organizations, in place of adding to them. */
function withinOrganizations(rules: readonly AllowRule[]): readonly AllowRule[] {
  const organizations = rules.flatMap((rule) => rule.organizations ?? []);
  const byAddress = rules.filter(({ emails, emailDomains }) => emails ?? emailDomains);
  if (organizations.length === 0 || byAddress.length === 0) return rules;
  return [
    ...byAddress.map((rule) => ({ ...rule, organizations })),
    ...rules.filter((rule) => !byAddress.includes(rule) && rule.organizations === undefined),
  ];
}

interface FoundRule {
  readonly variable: string;
  readonly rule: AllowRule;
  readonly isOpen: boolean;
}

function readRules(
  environment: Environment,
  prefix: string,
  words: Readonly<Record<string, Condition | typeof everybody>>,
  faults: string[],
): FoundRule[] {
  const known = Object.keys(words).map((word) => `${prefix}_${word}`);
  for (const variable of ruleVariables(environment, prefix).filter((each) => !known.includes(each))) {
    faults.push(`${variable} is not known: it is one of ${known.join(', ')}.`);
  }
  return Object.entries(words).flatMap(([word, condition]): FoundRule[] => {
    const variable = `${prefix}_${word}`;
    const value = environment[variable]?.trim() ?? '';
    if (value === '') return [];
    if (condition === everybody) {
      if (value !== 'true' && value !== 'false') faults.push(`${variable} has to be true or false.`);
      return value === 'true' ? [{ variable, rule: {}, isOpen: true }] : [];
    }
    const list = listIn(value, variable);
    if (list.length === 0) faults.push(`${variable} names nobody.`);
    return [{ variable, rule: { [condition]: list }, isOpen: false }];
  });
}

/** The variables that can only be meant as rules, whether or not they are known. */
function ruleVariables(environment: Environment, prefix: string): string[] {
  const pattern = new RegExp(`^${prefix}_ALLOW(?:ED)?_`);
  return Object.keys(environment).filter((name) => pattern.test(name) && environment[name]?.trim());
}
