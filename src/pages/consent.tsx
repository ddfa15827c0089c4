import type { VNode } from 'preact';
import type { ClientView, ConsentView, RedirectView } from './consent-view.js';
import { Decision } from './decision.js';
import { Icon } from './icons.js';
import { Top, type PageContent } from './page.js';
import { Permissions } from './permissions.js';
import { resourceName } from './resource-name.js';
import { ResourcePlace } from './resource-place.js';
import { Host, say, Said } from './said.js';
import { mixesAlphabets, readable, readableHost } from './text.js';
import type { Catalogue } from './words/catalogues.js';

/**
 * Asks a person whether a client may have what it asks for.
 *
 * The form posts `transaction`, as it was given, and `decision`, which is `deny`, `approve` where there is one provider,
 * or `approve:` and the id of the provider that was chosen among several; and, where the person says so, `handoff=code`.
 */
export function consentPage(view: ConsentView, words: Catalogue): PageContent {
  const { client, redirect, headers } = view;
  return {
    status: 200,
    title: words['consent.title'],
    hasForm: true,
    leadsOn: true,
    body: (
      <>
        {view.isRepeated ? (
          <p class="box notice">
            <Icon name="info" />
            <span>{words['consent.again']}</span>
          </p>
        ) : null}
        <WhoAsks view={view} words={words} />
        <Facts view={view} words={words} />
        {redirect.kind === 'loopback' ? <Warning>{words['target.warning']}</Warning> : null}
        {redirect.kind === 'web' ? <Elsewhere host={redirect.host} client={client} words={words} /> : null}
        <Permissions view={view} words={words} />
        <Decision view={view} words={words} />
      </>
    ),
    headers,
  };
}

/** What most parts of the page need. */
export interface Part {
  readonly view: ConsentView;
  readonly words: Catalogue;
}

function WhoAsks({ view: { client, resource }, words }: Part): VNode {
  const name = readable(client.name ?? '', 80);
  return (
    <Top
      mark={
        <>
          <span class="mark" aria-hidden="true">
            <Tile name={name} />
          </span>
          <Icon name="link" />
          <span class="mark">
            <Icon name="server" />
          </span>
        </>
      }
    >
      <h1>
        <Said name text={name || words['app.nameless']} limit={80} />{' '}
        <span class="sub">{say(words, 'consent.wants', { resource: <bdi>{resourceName(resource)}</bdi> })}</span>
      </h1>
      <Standing name={name} client={client} words={words} />
      {mixesAlphabets(name) ? <Warning>{words['client.mixed']}</Warning> : null}
    </Top>
  );
}

// A client's own logo is not shown: whoever may register could take that of another. A letter cannot be mistaken for one.
function Tile({ name }: { name: string }): VNode {
  const [letter] = /[\p{L}\p{N}]/u.exec(name) ?? [];
  return letter === undefined ? <Icon name="app" /> : <span>{letter.toUpperCase()}</span>;
}

/** What is known of who stands behind a client. */
export function Standing({ name, client, words }: { name: string; client: ClientView; words: Catalogue }): VNode {
  if (client.verifiedHost !== undefined) {
    return (
      <>
        <p class="badge">
          <Icon name="check" />
          <span>{say(words, 'client.verified', { host: <Host host={client.verifiedHost} limit={40} /> })}</span>
        </p>
        {/* The host only: a name proves nothing, even where it stands in a document whose place is proven. */}
        <p class="claim">{words['client.published']}</p>
      </>
    );
  }
  if (client.isKnown) return <p class="claim">{words['client.known']}</p>;
  const website = websiteOf(client.uri);
  return (
    <>
      <p class="badge alert">
        <Icon name="warning" />
        <span>{words['client.unverified']}</span>
      </p>
      <p class="claim">
        {name ? words['client.claimed'] : words['client.unnamed']}
        {website === undefined
          ? null
          : [' ', ...say(words, 'client.website', { website: <Host host={website} limit={40} /> })]}
      </p>
    </>
  );
}

// Only the host, and not as a link: it is one more claim of the app's, and nothing that a person should follow.
function websiteOf(uri: string | undefined): string | undefined {
  if (uri === undefined || !/^https?:/i.test(uri) || !URL.canParse(uri)) return undefined;
  return new URL(uri).host;
}

function Facts({ view: { redirect, resource }, words }: Part): VNode {
  const icon = redirect.kind === 'web' ? 'globe' : redirect.kind === 'app' ? 'app' : 'computer';
  const isLong = redirect.kind === 'web' && readableHost(redirect.host).length > 48;
  return (
    <dl class="facts">
      <div>
        <dt>
          <Icon name={icon} />
          {words['target.label']}
        </dt>
        {/* A host of 250 characters must still end above the fold of a phone: its end is what tells whose it is. */}
        <dd class={isLong ? 'target long' : 'target'}>
          <Destination redirect={redirect} words={words} />
        </dd>
      </div>
      <div>
        <dt>
          <Icon name="server" />
          {words['resource.label']}
        </dt>
        <dd>
          <ResourcePlace resource={resource} />
        </dd>
      </div>
    </dl>
  );
}

function Destination({ redirect, words }: { redirect: RedirectView; words: Catalogue }): VNode {
  switch (redirect.kind) {
    case 'web':
      return <Host host={redirect.host} />;
    case 'loopback':
      return (
        <>
          {words['target.loopback']}{' '}
          <small>
            (<Host host={redirect.host} limit={60} />)
          </small>
        </>
      );
    case 'app':
      return <>{say(words, 'target.app', { scheme: <bdi dir="ltr">{readable(redirect.scheme, 80)}://</bdi> })}</>;
  }
}

// On some hosts anybody can publish: the app's own place and the place it sends people to are then two.
function Elsewhere({ host, client, words }: { host: string; client: ClientView; words: Catalogue }) {
  const { verifiedHost } = client;
  const isBelow = (one: string, other: string) => one === other || one.endsWith(`.${other}`);
  if (verifiedHost === undefined || isBelow(host, verifiedHost) || isBelow(verifiedHost, host)) return null;
  return <Warning>{say(words, 'target.elsewhere', { host: <Host host={verifiedHost} limit={40} /> })}</Warning>;
}

function Warning({ children }: { children: VNode | string | ReturnType<typeof say> }): VNode {
  return (
    <p class="box alert">
      <Icon name="warning" />
      <span>{children}</span>
    </p>
  );
}
