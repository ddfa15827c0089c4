import { inWords } from './duration.js';
import type { HandOffView } from './hand-off-view.js';
import { Icon } from './icons.js';
import type { Language } from './language.js';
import { Top, type PageContent } from './page.js';
import { say } from './said.js';

/**
 * Leads back to an app: by itself, and by a link for browsers that want to be asked; or, where the user said that the app
 * is on another computer, with the code to paste there.
 */
export function handOffPage(view: HandOffView, language: Language): PageContent {
  return view.code ? codePage(view, view.code, language) : openingPage(view, language);
}

function openingPage({ url, headers }: HandOffView, { words }: Language): PageContent {
  return {
    status: 200,
    title: words['handOff.title'],
    leadsOn: true,
    onward: url,
    body: (
      <>
        <Top
          mark={
            <span class="mark">
              <Icon name="app" />
            </span>
          }
        >
          <h1>{words['handOff.title']}</h1>
          <p class="message">{words['handOff.message']}</p>
        </Top>
        <section>
          <p class="aside">{words['handOff.advice']}</p>
          <a class="button primary" href={url} rel="noreferrer">
            {words['handOff.open']}
          </a>
        </section>
      </>
    ),
    headers,
  };
}

function codePage(
  { url, headers }: HandOffView,
  code: { value: string; ttl: number },
  language: Language,
): PageContent {
  const { words, tag } = language;
  return {
    status: 200,
    title: words['code.title'],
    leadsOn: true,
    body: (
      <>
        <Top
          mark={
            <span class="mark">
              <Icon name="computer" />
            </span>
          }
        >
          <h1>{words['code.title']}</h1>
          <p class="message">{say(words, 'code.message', { time: inWords(code.ttl, tag) })}</p>
        </Top>
        <p class="box alert">
          <Icon name="warning" />
          <span>{words['code.warning']}</span>
        </p>
        <section>
          <h2>{words['code.code']}</h2>
          <code class="copy" dir="ltr">
            {code.value}
          </code>
        </section>
        <section>
          <h2>{words['code.address']}</h2>
          <code class="copy" dir="ltr">
            {url}
          </code>
          <a class="button" href={url} rel="noreferrer">
            {words['code.open']}
          </a>
        </section>
      </>
    ),
    headers,
  };
}
