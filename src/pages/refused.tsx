import { Icon } from './icons.js';
import { RequestId } from './notice.js';
import { Top, type PageContent } from './page.js';
import type { RefusedView } from './refused-view.js';
import { resourceName } from './resource-name.js';
import { say, Said } from './said.js';
import { readable } from './text.js';
import type { Words } from './words/words.js';

/** Tells a person that the account which they signed in with may not come in, and how to use another one. */
export function refusedPage(view: RefusedView, words: Words): PageContent {
  const provider = <Said text={view.provider} limit={60} />;
  const account = readable(view.account ?? '', 254);
  const name = (
    <strong>
      <bdi>{resourceName(view.resource)}</bdi>
    </strong>
  );
  return {
    status: 403,
    title: words['refused.title'],
    leadsOn: true,
    body: (
      <>
        <Top
          mark={
            <span class="mark alert">
              <Icon name="stop" />
            </span>
          }
        >
          <h1>{words['refused.title']}</h1>
          <p class="message">
            {account
              ? say(words, 'refused.as', {
                  provider,
                  account: (
                    <strong>
                      <bdi>{account}</bdi>
                    </strong>
                  ),
                })
              : say(words, 'refused.at', { provider })}
          </p>
          <p class="message">
            {say(words, 'refused.resource', { resource: name })}{' '}
            <Said text={view.reason ?? words['refused.reason']} limit={300} />
          </p>
        </Top>
        <section>
          <h2>{words['refused.help']}</h2>
          <ul>
            <li>
              <Icon name="person" />
              <span>{say(words, 'refused.switch', { provider })}</span>
            </li>
            <li>
              <Icon name="info" />
              <span>{words['refused.ask']}</span>
            </li>
          </ul>
          <a class="button primary" href={view.returnUrl} rel="noreferrer">
            {words['refused.return']}
          </a>
        </section>
        <RequestId id={view.requestId} words={words} />
      </>
    ),
    headers: view.headers,
  };
}
