import type { HttpReply } from '../http/message.js';
import { describeCauses, type Log } from '../telemetry/log.js';
import { accountPage } from './account.js';
import type { AccountView } from './account-view.js';
import type { Brand } from './brand.js';
import { consentPage } from './consent.js';
import type { ConsentView } from './consent-view.js';
import { customPage, type PageContext } from './custom-page.js';
import { handOffPage } from './hand-off.js';
import type { HandOffView } from './hand-off-view.js';
import { chooseLanguage, type Language, type Reader } from './language.js';
import { noticePage } from './notice.js';
import type { NoticeView } from './notice-view.js';
import { createMakePage, type PageContent } from './page.js';
import { keepingRecent } from './recent-pages.js';
import { refusedPage } from './refused.js';
import type { RefusedView } from './refused-view.js';
import { cataloguesWith, type WordChanges } from './words/catalogues.js';

/** What a page of an application's has to say: a view of ours, and what it takes to make a page. */
export type CustomView<View> = Omit<View, 'headers'> & PageContext;

/** Makes the HTML of an application's own page. Nothing in the view is escaped. */
export type RenderPage<View> = (view: CustomView<View>) => string | Promise<string>;

/** Pages that an application makes in place of ours. */
export interface CustomPages {
  /** For an account that may not come in. It has to lead to `returnUrl`, by a link. */
  readonly refused?: RenderPage<RefusedView> | undefined;
  /** For everything that goes wrong, and for what is over. */
  readonly notice?: RenderPage<NoticeView> | undefined;
  /** Between this server and an app that is no website. It has to lead to `url`, or show `code`. */
  readonly handOff?: RenderPage<HandOffView> | undefined;
  /**
   * For the connected applications. It has a form that posts `account`, which is `form` as it was given, and `answer`
   * (`sign-in:` and the id of a provider, `end:` and a grant's, or `sign-out`) to `action`.
   */
  readonly account?: RenderPage<AccountView> | undefined;
}

/** What people see. Each page is in the language of who reads it. */
export interface Pages {
  consent(view: ConsentView, reader: Reader): HttpReply | Promise<HttpReply>;
  refused(view: RefusedView, reader: Reader): Promise<HttpReply>;
  notice(view: NoticeView, reader: Reader): Promise<HttpReply>;
  handOff(view: HandOffView, reader: Reader): Promise<HttpReply>;
  account(view: AccountView, reader: Reader): Promise<HttpReply>;
  /** A consent page that the application makes; what its function throws is the caller's. */
  customConsent(render: RenderPage<ConsentView>, view: ConsentView, reader: Reader): Promise<HttpReply>;
}

/** What the pages are made with. */
export interface PagesServices {
  readonly brand: Brand;
  readonly words: WordChanges;
  readonly custom: CustomPages;
  readonly newNonce: () => string;
  readonly log: Log;
}

/** Makes the pages of a server. */
export function createPages({ brand, words, custom, newNonce, log }: PagesServices) {
  const catalogues = cataloguesWith(words);
  const makePage = createMakePage(brand);
  const languageOf = (reader: Reader) => chooseLanguage(catalogues, reader);
  const makeConsent = keepingRecent(
    (view, language) => makePage(consentPage(view, language.words), language),
    newNonce(),
  );

  async function render<View extends { readonly headers?: HttpReply['headers'] }>(
    make: RenderPage<View>,
    { headers, ...view }: View,
    { tag, direction }: Language,
    { status, hasForm = false, leadsOn = false }: Omit<PageContent, 'body' | 'title'>,
  ): Promise<HttpReply> {
    const nonce = newNonce();
    const document = await make({ ...view, language: tag, direction, brand, nonce });
    return customPage(document, { status, nonce, language: tag, hasForm, leadsOn, headers });
  }

  /** By the application's function where there is one; and, since these pages tell of faults, by ours where that fails. */
  async function show<View extends { readonly headers?: HttpReply['headers'] }>(
    make: RenderPage<View> | undefined,
    view: View,
    language: Language,
    ours: PageContent,
  ): Promise<HttpReply> {
    if (!make) return makePage(ours, language);
    try {
      return await render(make, view, language, ours);
    } catch (cause) {
      log({ level: 'error', event: 'page failed', causes: describeCauses(new Error('', { cause })) });
      return makePage(ours, language);
    }
  }

  return {
    consent: (view: ConsentView, reader: Reader): HttpReply => makeConsent(view, languageOf(reader)),

    refused(view, reader) {
      const language = languageOf(reader);
      return show(custom.refused, view, language, refusedPage(view, language.words));
    },

    notice(view, reader) {
      const language = languageOf(reader);
      return show(custom.notice, view, language, noticePage(view, language));
    },

    handOff(view, reader) {
      const language = languageOf(reader);
      return show(custom.handOff, view, language, handOffPage(view, language));
    },

    account(view, reader) {
      const language = languageOf(reader);
      return show(custom.account, view, language, accountPage(view, language));
    },

    customConsent: (make, view, reader) =>
      render(make, view, languageOf(reader), { status: 200, hasForm: true, leadsOn: true }),
  } satisfies Pages;
}
