import type { Client } from './clients/client.js';
import type { FindClient } from './clients/find-client.js';
import type { Settings } from './config.js';
import { createAccount, accountSignIns, type Account } from './flow/account.js';
import { createAccountForms, createAccountSessions } from './flow/account-session.js';
import { createArrive } from './flow/arrive.js';
import { createAsk } from './flow/ask.js';
import type { Resource } from './flow/authorization-request.js';
import { createBrowserBinding } from './flow/browser-binding.js';
import { createBrowserFlow, type BrowserFlow } from './flow/browser-flow.js';
import { createConnections } from './flow/connections.js';
import { createRecallGrants } from './flow/earlier-grants.js';
import { createDeliver } from './flow/deliver.js';
import { createHandOff, type Upstreams } from './flow/hand-off.js';
import { createIdentifyUser } from './flow/identify-user.js';
import { createIssueCode } from './flow/issue-code.js';
import type { DescribeUser } from './flow/map-identity.js';
import { createOfferProviders } from './flow/offer-providers.js';
import { createPresentConsent } from './flow/present-consent.js';
import { createRefuse } from './flow/refuse.js';
import { createSignIns } from './flow/sign-in.js';
import { createBeginTransaction, createTransactions } from './flow/transaction.js';
import { createUserHints } from './flow/user-hint.js';
import type { Foundation } from './foundation.js';
import type { Credentials } from './grants/credential.js';
import type { GrantIds } from './grants/grant-id.js';
import type { Grants } from './grants/grant-store.js';
import type { SealedIdentities } from './grants/sealed-identity.js';
import { createCookieJar } from './http/cookies.js';
import { randomText } from './keys/randomness.js';
import { pagesOnDemand } from './pages-on-demand.js';
import type { Admit } from './upstream/admission.js';
import type { Vault } from './upstream/vault.js';

/** Where the browser's doors are, below the issuer. */
export interface BrowserPaths {
  readonly consent: string;
  readonly callback: string;
  /** Absent where users are not shown what is connected. */
  readonly account?: string;
}

/** The usual ones. */
export const browserPaths = {
  consent: '/oauth/consent',
  callback: '/oauth/callback',
  account: '/oauth/account',
} as const satisfies BrowserPaths;

/** What a browser can do here. */
export interface BrowserJourney {
  readonly flow: BrowserFlow;
  /** Absent where it is turned off. */
  readonly account?: Account;
}

/** What the browser's journey stands on, beside the foundation. */
export interface JourneyParts {
  readonly paths: BrowserPaths;
  readonly findClient: FindClient;
  /** The scopes that let a client know who its user is; none where nobody is told. */
  readonly identityScopes: ReadonlyMap<string, unknown>;
  readonly readRegistered: (clientId: string) => Client | undefined;
  /** Names a client without anything being fetched. */
  readonly recallClient: (clientId: string) => Promise<Client | undefined>;
  readonly upstreams: Upstreams;
  readonly admit: Admit;
  readonly describeUser: DescribeUser;
  readonly grants: Grants;
  readonly grantIds: GrantIds;
  readonly credentials: Credentials;
  readonly identities: SealedIdentities;
  readonly vault: Vault;
}

/** The origin of a consent page that the application has at a URL. */
export function consentOrigin({ consentPage }: Pick<Settings, 'consentPage'>): string | undefined {
  return typeof consentPage === 'string' ? new URL(consentPage).origin : undefined;
}

/** Puts the steps of the browser together. */
export function createBrowserJourney(
  settings: Settings,
  resources: ReadonlyMap<string, Resource>,
  foundation: Foundation,
  parts: JourneyParts,
): BrowserJourney {
  const { issuer, providers, chooseProvider, consent, consentTtl, transactionTtl, authorizationCodeTtl } = settings;
  const { consentPage, brand, words, pages: custom } = settings;
  const { clock, randomness, log, audit, store, ring, sealing, tag } = foundation;
  const { paths, findClient, identityScopes, readRegistered, upstreams, admit, describeUser, grants, grantIds } = parts;

  const jar = createCookieJar({ secure: issuer.startsWith('https:'), tag });
  const binding = createBrowserBinding(ring, jar, randomness, transactionTtl);
  const hints = createUserHints(sealing, jar);
  const transactions = createTransactions(sealing, clock);
  const begin = createBeginTransaction(clock, randomness, transactionTtl);
  const signIns = createSignIns(store, sealing, randomness, clock, transactionTtl);
  const action = issuer + paths.consent;
  const pages = pagesOnDemand({ brand, words, custom, newNonce: () => randomText(randomness), log });
  const deliver = createDeliver(issuer, pages, authorizationCodeTtl);
  const present = createPresentConsent(consentPage, pages);
  const asking = { action, resources, providers, begin, transactions, binding, present, pages, audit };
  const { ask, askSignedIn, describe } = createAsk(asking);
  const handOff = createHandOff(upstreams, signIns, binding, pages, audit);
  const providerIds = providers.map(({ id }) => id);

  const flow = createBrowserFlow({
    issuer,
    findClient,
    resources,
    identityScopes,
    upstreams,
    arrive: createArrive({
      consent,
      resources,
      identityScopes,
      offerProviders: createOfferProviders(providerIds, chooseProvider),
      recall: createRecallGrants({ binding, hints, grants, readRegistered, clock, lifetimes: settings, consentTtl }),
      binding,
      begin,
      ask,
      handOff,
    }),
    ask,
    describeConsent: describe,
    consentOrigin: consentOrigin(settings),
    handOff,
    identifyUser: createIdentifyUser({
      upstreams,
      admit,
      describeUser,
      grantIds,
      signIns,
      binding,
      hints,
      begin,
      askSignedIn,
      issueCode: createIssueCode({ ...parts, clock, randomness, authorizationCodeTtl, audit }),
      deliver,
      pages,
      audit,
    }),
    transactions,
    signIns,
    binding,
    refuse: createRefuse({ issuer, resources, binding, log, pages, audit }),
    deliver,
    pages,
    audit,
  });
  if (paths.account === undefined || !settings.account) return { flow };
  const account = createAccount({
    issuer,
    url: issuer + paths.account,
    providers,
    upstreams,
    signIns: createSignIns(store, sealing, randomness, clock, transactionTtl, accountSignIns),
    binding,
    sessions: createAccountSessions(sealing, jar, clock),
    forms: createAccountForms(sealing),
    connections: createConnections({ ...parts, resources, clock, lifetimes: settings }),
    grantIds,
    pages,
    clock,
    randomness,
    formTtl: transactionTtl,
    audit,
  });
  return { flow, account };
}
