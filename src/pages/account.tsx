import type { ComponentChildren, VNode } from 'preact';
import type { AccountView, ConnectionView } from './account-view.js';
import { Standing } from './consent.js';
import type { ClientView } from './consent-view.js';
import { Day } from './day.js';
import { Icon } from './icons.js';
import type { Language } from './language.js';
import { Top, type PageContent } from './page.js';
import { Permission } from './permissions.js';
import { ProviderMark } from './provider-marks.js';
import { ResourcePlace } from './resource-place.js';
import { say, Said } from './said.js';
import { readable } from './text.js';
import type { Catalogue } from './words/catalogues.js';

/** Shows a person which applications hold access in that person's name; or, before that, where to sign in. */
export function accountPage(view: AccountView, language: Language): PageContent {
  const { action, form, providers, signedIn, isRepeated = false, headers } = view;
  const { words } = language;
  return {
    status: isRepeated ? 400 : 200,
    title: words['connections.title'],
    hasForm: true,
    body: (
      <>
        {isRepeated ? <News>{words['consent.again']}</News> : null}
        {signedIn?.ended.map((client) => (
          <News>{say(words, 'connections.ended', { app: <Name client={client} words={words} /> })}</News>
        ))}
        <Top
          mark={
            <span class="mark">
              <Icon name={signedIn ? 'link' : 'person'} />
            </span>
          }
        >
          <h1>{words['connections.title']}</h1>
          <p class="message">{words[introduction(signedIn)]}</p>
          {signedIn ? (
            <p class="claim">{say(words, 'account.at', { provider: <Said text={signedIn.provider} limit={60} /> })}</p>
          ) : null}
        </Top>
        <form method="post" action={action} autocomplete="off">
          <input type="hidden" name="account" value={form} />
          {signedIn ? <SignedIn signedIn={signedIn} language={language} /> : null}
          {signedIn ? null : <Providers providers={providers} words={words} />}
        </form>
      </>
    ),
    headers,
  };
}

function introduction(signedIn: AccountView['signedIn']) {
  if (!signedIn) return 'connections.intro';
  return signedIn.connections.length > 0 ? 'connections.list' : 'connections.none';
}

function News({ children }: { children: ComponentChildren }): VNode {
  return (
    <p class="box notice">
      <Icon name="info" />
      <span>{children}</span>
    </p>
  );
}

function Name({ client, words }: { client: ClientView; words: Catalogue }): VNode {
  return <Said text={readable(client.name ?? '', 80) || words['app.nameless']} limit={80} />;
}

function Providers({ providers, words }: { providers: AccountView['providers']; words: Catalogue }): VNode {
  return (
    <div class="answers list">
      {providers.map(({ id, name }) => (
        <button class="choice" type="submit" name="answer" value={`sign-in:${id}`}>
          <ProviderMark id={id} />
          <span>{say(words, 'provider.continue', { provider: <Said text={name} limit={60} /> })}</span>
        </button>
      ))}
    </div>
  );
}

function SignedIn({
  signedIn: { connections, hasMore },
  language,
}: {
  signedIn: NonNullable<AccountView['signedIn']>;
  language: Language;
}): VNode {
  const { words } = language;
  return (
    <>
      {connections.length > 0 ? <p class="aside">{words['connections.aside']}</p> : null}
      {connections.map((connection, index) => (
        <Connection connection={connection} id={String(index + 1)} language={language} />
      ))}
      {hasMore ? <p class="aside">{words['connections.more']}</p> : null}
      <div class="answers">
        <button type="submit" name="answer" value="sign-out">
          {words['connections.signOut']}
        </button>
      </div>
    </>
  );
}

interface ConnectionProps {
  readonly connection: ConnectionView;
  /** Tells this one apart from the others on the page. */
  readonly id: string;
  readonly language: Language;
}

function Connection({ connection, id, language }: ConnectionProps): VNode {
  const { words } = language;
  const { grantId, client, resource, scopes, createdAt, usedAt } = connection;
  return (
    <section class="connection">
      <h2 id={`app-${id}`}>
        <Name client={client} words={words} />
      </h2>
      <Standing name={readable(client.name ?? '', 80)} client={client} words={words} />
      <dl>
        <div>
          <dt>{words['connections.reaches']}</dt>
          <dd>
            <ResourcePlace resource={resource} />
          </dd>
        </div>
        <div>
          <dt>{words['connections.since']}</dt>
          <dd>
            <Day at={createdAt} language={language.tag} />
          </dd>
        </div>
        {usedAt === undefined ? null : (
          <div>
            <dt>{words['connections.used']}</dt>
            <dd>
              <Day at={usedAt} language={language.tag} />
            </dd>
          </div>
        )}
      </dl>
      <h3>{words['connections.can']}</h3>
      <ul>
        {scopes.map((scope) => (
          <Permission scope={scope} words={words} />
        ))}
        {scopes.length === 0 ? (
          <li>
            <Icon name="check" />
            <span>{words['permissions.plain']}</span>
          </li>
        ) : null}
      </ul>
      {/* Many buttons say the same: read aloud, each also says whose access it ends. */}
      <button
        id={`end-${id}`}
        type="submit"
        name="answer"
        value={`end:${grantId}`}
        aria-labelledby={`end-${id} app-${id}`}
      >
        {words['connections.end']}
      </button>
    </section>
  );
}
