import type { VNode } from 'preact';
import type { ConsentView, ScopeView } from './consent-view.js';
import { Icon, type IconName } from './icons.js';
import { resourceName } from './resource-name.js';
import { say, Said, Technical } from './said.js';
import type { Catalogue } from './words/catalogues.js';
import type { WordKey } from './words/words.js';

interface Part {
  readonly view: ConsentView;
  readonly words: Catalogue;
}

const kinds = ['resource', 'identity', 'offline'] as const;
const pictures: Readonly<Record<(typeof kinds)[number], IconName>> = {
  resource: 'check',
  identity: 'person',
  offline: 'clock',
};

const kindOf = ({ kind = 'resource' }: ScopeView) => kind;

/** What the client will be able to do, in words: what is new apart from what it can do already, and by what it is about. */
export function Permissions({ view, words }: Part): VNode {
  const known = view.scopes.filter(({ isGranted }) => isGranted);
  const added = view.scopes.filter(({ isGranted }) => !isGranted);
  const list = (title: WordKey, scopes: readonly ScopeView[], isNew = false) => (
    <section>
      <h2>{words[title]}</h2>
      <Groups scopes={scopes} isNew={isNew} view={view} words={words} />
    </section>
  );
  if (view.scopes.length === 0) {
    return (
      <section>
        <h2>{words['permissions.all']}</h2>
        <ul>
          <li>
            <Icon name="check" />
            <span>{words['permissions.plain']}</span>
          </li>
        </ul>
      </section>
    );
  }
  if (known.length === 0) return list('permissions.all', added);
  if (added.length === 0) return list('permissions.before', known);
  return (
    <>
      {list('permissions.new', added, true)}
      {list('permissions.known', known)}
    </>
  );
}

function Groups({ scopes, isNew, view, words }: Part & { scopes: readonly ScopeView[]; isNew: boolean }): VNode {
  const groups = kinds.filter((kind) => scopes.some((scope) => kindOf(scope) === kind));
  return (
    <>
      {groups.map((kind) => (
        <>
          {groups.length > 1 ? (
            <h3>{say(words, `group.${kind}`, { resource: <bdi>{resourceName(view.resource)}</bdi> })}</h3>
          ) : null}
          <ul>
            {scopes
              .filter((scope) => kindOf(scope) === kind)
              .map((scope) => (
                <Permission scope={scope} {...(isNew && { icon: 'plus' as const })} words={words} />
              ))}
          </ul>
        </>
      ))}
    </>
  );
}

/** One thing that a client may do, in words, and by its name. */
export function Permission({
  scope,
  icon = pictures[kindOf(scope)],
  words,
}: {
  scope: ScopeView;
  icon?: IconName;
  words: Catalogue;
}): VNode {
  const { name, description } = scope;
  // The operator's own words for a scope go before the description, which is in one language only.
  const said = Object.hasOwn(words, `scope.${name}`) ? words[`scope.${name}`] : description;
  const text = kindOf(scope) === 'resource' && isOurs(name) ? description : said;
  return (
    <li>
      <Icon name={icon} />
      <span>
        {text ? <Said text={text} limit={300} /> : null} <Technical text={name} />
      </span>
    </li>
  );
}

/** A resource may have a scope of its own that is called as one of ours is, and means something else. */
function isOurs(name: string): boolean {
  return ['openid', 'profile', 'email', 'offline_access'].includes(name);
}
