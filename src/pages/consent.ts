import type { HttpReply } from '../http/message.js';
import { html, type Html } from './html.js';
import { icons } from './icons.js';
import { page } from './page.js';
import { resourceLocation, resourceName, type ResourceView } from './resource-name.js';
import { readable, readableHost } from './text.js';

/** What the consent page shows. Every text in it may come from a stranger. */
export interface ConsentView {
  /** Where the form is posted to. */
  readonly action: string;
  /** The sealed transaction. */
  readonly transaction: string;
  readonly client: {
    readonly name: string | undefined;
    readonly uri?: string;
    /** The host that is known to stand behind the client, where one is. */
    readonly verifiedHost?: string;
  };
  readonly redirect: RedirectView;
  readonly resource: ResourceView;
  readonly scopes: readonly ScopeView[];
  readonly providers: readonly { readonly id: string; readonly name: string }[];
  /** The account that the user has signed in with already, so that there is no provider to go to. */
  readonly signedIn?: { readonly provider: string; readonly account: string | undefined };
  /** One sentence above everything else, such as why the page is shown again. */
  readonly notice?: string;
  /** Further headers, such as the browser's cookie. */
  readonly headers?: HttpReply['headers'];
}

/** One thing that the client may do. */
export interface ScopeView {
  readonly name: string;
  readonly description: string | undefined;
  /** Whether the client has it already. @defaultValue false */
  readonly isGranted?: boolean;
}

/** Where the browser goes in the end: the only thing about a self-registered client that is certain. */
export type RedirectView =
  | { readonly kind: 'web'; readonly host: string }
  | { readonly kind: 'loopback'; readonly host: string }
  | { readonly kind: 'app'; readonly scheme: string };

/**
 * Asks a person whether a client may have what it asks for.
 *
 * The form posts two fields: `transaction`, as it was given, and `decision`, which is `deny`, `approve` where there is
 * one provider, or `approve:` and the id of the provider that was chosen among several.
 */
export function consentPage(view: ConsentView): HttpReply {
  return page({
    status: 200,
    title: 'Approve this connection?',
    body: html`${view.notice ? noticeBox(view.notice) : ''} ${whoAsks(view)}
    ${whereTo(view.redirect, view.client.verifiedHost)} ${whatFor(view)} ${decision(view)}`,
    ...(view.headers && { headers: view.headers }),
  });
}

function noticeBox(notice: string): Html {
  return html`<p class="notice">${icons.info}<span>${notice}</span></p>`;
}

function whoAsks({ client, resource }: ConsentView): Html {
  const name = readable(client.name ?? '', 80);
  return html`<header>
    <div class="marks">
      <span class="mark">${icons.app}</span>${icons.link}<span class="mark">${icons.server}</span>
    </div>
    <h1>
      <bdi class="name">${name || 'An app without a name'}</bdi>
      <span class="sub">wants to connect to <bdi>${resourceName(resource)}</bdi></span>
    </h1>
    ${
      client.verifiedHost === undefined
        ? html`<p class="claim">${claim(name, websiteOf(client.uri))}</p>`
        : verified(client.verifiedHost)
    }
  </header>`;
}

// The host only: a name proves nothing, even where it stands in a document whose place is proven.
function verified(host: string): Html {
  return html`<p class="verified">
      ${icons.check}<span
        >Verified: <strong><bdi dir="ltr">${readableHost(host, 40)}</bdi></strong></span
      >
    </p>
    <p class="claim">This app is published there. It chose its name itself.</p>`;
}

function claim(name: string, website: string | undefined): Html {
  const naming = name ? 'The app chose this name itself' : 'The app did not say what it is called';
  if (website === undefined) return html`${naming}. Nobody has verified ${name ? 'it' : 'who made it'}.`;
  return html`${naming} and gives <bdi dir="ltr">${website}</bdi> as its website. Nobody has verified this.`;
}

// Only the host, and not as a link: it is one more claim of the app's, and nothing that a person should follow.
function websiteOf(uri: string | undefined): string | undefined {
  if (uri === undefined || !/^https?:/i.test(uri) || !URL.canParse(uri)) return undefined;
  return readableHost(new URL(uri).host, 40);
}

function whereTo(redirect: RedirectView, verifiedHost: string | undefined): Html {
  return html`<div class="target">
      ${redirect.kind === 'web' ? icons.globe : redirect.kind === 'app' ? icons.app : icons.computer}
      <div>
        <p class="aside">After you approve, you will be sent to</p>
        <p>${destination(redirect)}</p>
      </div>
    </div>
    ${redirect.kind === 'loopback' ? loopbackWarning : ''}
    ${redirect.kind === 'web' && verifiedHost !== undefined ? elsewhere(redirect.host, verifiedHost) : ''}`;
}

// On some hosts anybody can publish: the app's own place and the place it sends people to are then two.
function elsewhere(host: string, verifiedHost: string): Html | string {
  const isBelow = (one: string, other: string) => one === other || one.endsWith(`.${other}`);
  if (isBelow(host, verifiedHost) || isBelow(verifiedHost, host)) return '';
  return html`<p class="warning">
    ${icons.warning}
    <span>
      This is another website than <bdi dir="ltr">${readableHost(verifiedHost, 40)}</bdi>. Continue only if you know it.
    </span>
  </p>`;
}

function destination(redirect: RedirectView): Html {
  switch (redirect.kind) {
    case 'web': {
      const host = readableHost(redirect.host);
      // A host of 250 characters must still end above the fold of a phone: its end is what tells whose it is.
      return html`<strong class="${host.length > 48 ? 'long' : 'short'}"><bdi dir="ltr">${host}</bdi></strong>`;
    }
    case 'loopback':
      return html`<strong>an app on this computer</strong> (<bdi dir="ltr">${readableHost(redirect.host, 60)}</bdi>)`;
    case 'app':
      return html`<strong>the app that opens <bdi dir="ltr">${readable(redirect.scheme, 80)}://</bdi> links</strong>`;
  }
}

const loopbackWarning = html`<p class="warning">
  ${icons.warning}
  <span>Any program on this computer can pose as this app. Continue only if you started this yourself.</span>
</p>`;

function whatFor({ resource, scopes }: ConsentView): Html {
  return html`<section>
      <h2>It wants to reach</h2>
      <p><bdi>${resourceName(resource)}</bdi></p>
      ${resource.name ? html`<code><bdi dir="ltr">${resourceLocation(resource.url)}</bdi></code>` : ''}
    </section>
    ${permissions(scopes)}`;
}

function permissions(scopes: readonly ScopeView[]): Html {
  if (scopes.length === 0) {
    return scopeList('It will be able to', html`<li>${icons.check}<span>Use it in your name</span></li>`);
  }
  const known = scopes.filter(({ isGranted }) => isGranted);
  const added = scopes.filter(({ isGranted }) => !isGranted);
  if (known.length === 0) return scopeList('It will be able to', added.map(scopeItem));
  if (added.length === 0) return scopeList('It will be able to, as before', known.map(scopeItem));
  return html`${scopeList('New: it will also be able to', added.map(scopeItem))}
  ${scopeList('It already can', known.map(scopeItem))}`;
}

function scopeList(title: string, items: Html | readonly Html[]): Html {
  return html`<section>
    <h2>${title}</h2>
    <ul>
      ${items}
    </ul>
  </section>`;
}

function scopeItem({ name, description }: ScopeView): Html {
  const technical = html`<code><bdi dir="ltr">${readable(name, 200)}</bdi></code>`;
  const words = description ? html`<bdi>${readable(description, 300)}</bdi> ` : '';
  return html`<li>${icons.check}<span>${words}${technical}</span></li>`;
}

function decision({ action, transaction, providers, signedIn }: ConsentView): Html {
  return html`<form method="post" action="${action}" autocomplete="off">
    <input type="hidden" name="transaction" value="${transaction}" />
    ${signedIn ? alreadyThere(signedIn) : ways(providers)}
    <button type="submit" name="decision" value="deny">Deny</button>
    <p class="aside">You did not start this? Then choose Deny. Nothing has been shared yet.</p>
  </form>`;
}

function alreadyThere({ provider, account }: NonNullable<ConsentView['signedIn']>): Html {
  const shown = readable(account ?? '', 254);
  const who = shown ? html` as <strong><bdi>${shown}</bdi></strong>` : '';
  return html`<p class="aside">You are signed in at <bdi>${readable(provider, 60)}</bdi>${who}.</p>
    <button class="primary" type="submit" name="decision" value="approve">Approve</button>`;
}

function ways(providers: ConsentView['providers']): Html {
  const [only] = providers.length === 1 ? providers : [];
  return only ? oneProvider(only.name) : severalProviders(providers);
}

function oneProvider(name: string): Html {
  const shown = readable(name, 60);
  return html`<p class="aside">You will continue with <bdi>${shown}</bdi>, where you sign in.</p>
    <button class="primary" type="submit" name="decision" value="approve">Continue with <bdi>${shown}</bdi></button>`;
}

function severalProviders(providers: ConsentView['providers']): Html {
  const buttons = providers.map(
    ({ id, name }) =>
      html`<button class="choice" type="submit" name="decision" value="approve:${id}">
        Continue with <bdi>${readable(name, 60)}</bdi>
      </button>`,
  );
  return html`<p class="aside">To approve, choose where you sign in.</p>
    ${buttons}`;
}
