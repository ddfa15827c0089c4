import type { VNode } from 'preact';
import { inWords } from './duration.js';
import { Icon, type IconName } from './icons.js';
import type { Language } from './language.js';
import type { NoticeKind, NoticeView } from './notice-view.js';
import { Top, type PageContent } from './page.js';
import { say } from './said.js';
import { readable } from './text.js';
import type { Words } from './words/words.js';

/** The status and the picture of each. 409 for what was answered, and not 200: a program must not take it for a success. */
const kinds: Readonly<Record<NoticeKind, readonly [number, IconName]>> = {
  expired: [400, 'clock'],
  answered: [409, 'check'],
  otherBrowser: [400, 'app'],
  unknownClient: [400, 'app'],
  blockedClient: [403, 'stop'],
  badRedirect: [400, 'stop'],
  badRequest: [400, 'warning'],
  denied: [403, 'stop'],
  unavailable: [503, 'clock'],
  tooMany: [429, 'clock'],
  fault: [500, 'warning'],
  signedOut: [200, 'check'],
};

/** Tells a person what has happened, and what to do now. */
export function noticePage(view: NoticeView, language: Language): PageContent {
  const { kind, detail, requestId, retryAfter, headers } = view;
  const { words } = language;
  const [usual, icon] = kinds[kind];
  const isGood = icon === 'check';
  return {
    status: view.status ?? usual,
    title: words[`${kind}.title`],
    body: (
      <>
        <Top
          mark={
            <span class={isGood ? 'mark' : 'mark alert'}>
              <Icon name={icon} />
            </span>
          }
        >
          <h1>{words[`${kind}.title`]}</h1>
          <p class="message">{words[`${kind}.message`]}</p>
        </Top>
        <p class="box">
          <Icon name="info" />
          <span>
            {words[`${kind}.advice`]}
            {retryAfter === undefined
              ? null
              : [' ', ...say(words, 'notice.retry', { time: inWords(retryAfter, language.tag) })]}
          </span>
        </p>
        {detail === undefined ? null : (
          <section>
            <h2>{words['notice.detail']}</h2>
            <p class="aside">
              <bdi lang="en" dir="ltr">
                {readable(detail, 300)}
              </bdi>
            </p>
          </section>
        )}
        <RequestId id={requestId} words={words} />
      </>
    ),
    headers,
  };
}

/** By what the operator finds the request in the log. */
export function RequestId({ id, words }: { id: string; words: Words }): VNode {
  return (
    <p class="aside foot">
      {words['notice.requestId']} <code>{readable(id, 100)}</code>
    </p>
  );
}
