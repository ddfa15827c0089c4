import type { HttpReply } from '../http/message.js';
import type { ResourceView } from './resource-name.js';

/** What the consent page shows. Every text in it may come from a stranger. */
export interface ConsentView {
  /** Where the form is posted to. */
  readonly action: string;
  /** The sealed transaction. */
  readonly transaction: string;
  readonly client: ClientView;
  readonly redirect: RedirectView;
  readonly resource: ResourceView;
  readonly scopes: readonly ScopeView[];
  readonly providers: readonly ProviderView[];
  /** The account that the user has signed in with already, so that there is no provider to go to. */
  readonly signedIn?: { readonly provider: string; readonly account: string | undefined };
  /** Whether the page is shown once more, since the answer did not come from it. @defaultValue false */
  readonly isRepeated?: boolean;
  /** Further headers, such as the browser's cookie. */
  readonly headers?: HttpReply['headers'];
}

/** A client as people are told of it. */
export interface ClientView {
  readonly name: string | undefined;
  readonly uri?: string;
  /** The host that is known to stand behind the client, where one is. */
  readonly verifiedHost?: string;
  /** Whether the operator has registered the client, name and all. @defaultValue false */
  readonly isKnown?: boolean;
}

/** One thing that the client may do. */
export interface ScopeView {
  readonly name: string;
  readonly description: string | undefined;
  /** What it is about: the resource, the user, or the time after. @defaultValue resource */
  readonly kind?: 'resource' | 'identity' | 'offline';
  /** Whether the client has it already. @defaultValue false */
  readonly isGranted?: boolean;
}

/** Where the user can sign in. */
export interface ProviderView {
  readonly id: string;
  readonly name: string;
  /** What the provider is asked for beside who the user is. @defaultValue nothing */
  readonly asks?: readonly string[];
}

/** Where the browser goes in the end: the only thing about a self-registered client that is certain. */
export type RedirectView =
  | { readonly kind: 'web'; readonly host: string }
  | { readonly kind: 'loopback'; readonly host: string }
  | { readonly kind: 'app'; readonly scheme: string };
