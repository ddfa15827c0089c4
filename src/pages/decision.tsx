import type { VNode } from 'preact';
import type { ConsentView, ProviderView } from './consent-view.js';
import { ProviderMark } from './provider-marks.js';
import { say, Said } from './said.js';
import { readable } from './text.js';
import type { Catalogue } from './words/catalogues.js';

interface Part {
  readonly view: ConsentView;
  readonly words: Catalogue;
}

/** The form: what happens next, and the buttons. */
export function Decision({ view, words }: Part): VNode {
  const { action, transaction, redirect, providers, signedIn } = view;
  const [only] = providers.length === 1 ? providers : [];
  return (
    <form method="post" action={action} autocomplete="off">
      <input type="hidden" name="transaction" value={transaction} />
      {/* Enter on the box below presses the first button of the form: it must not be one that approves. */}
      <input type="submit" name="decision" value="deny" hidden />
      {redirect.kind === 'loopback' ? (
        <label class="remote">
          <input type="checkbox" name="handoff" value="code" />
          <span>{words['target.remote']}</span>
        </label>
      ) : null}
      {signedIn ? <AlreadyThere signedIn={signedIn} words={words} /> : null}
      {only && !signedIn ? <OneProvider provider={only} words={words} /> : null}
      {signedIn || only ? <YesOrNo words={words} /> : <SeveralProviders providers={providers} words={words} />}
      <p class="aside">{words['consent.aside']}</p>
    </form>
  );
}

function YesOrNo({ words }: { words: Catalogue }): VNode {
  return (
    <div class="answers">
      <Cancel words={words} />
      <button class="primary" type="submit" name="decision" value="approve">
        {words['consent.allow']}
      </button>
    </div>
  );
}

function Cancel({ words }: { words: Catalogue }): VNode {
  return (
    <button type="submit" name="decision" value="deny">
      {words['consent.cancel']}
    </button>
  );
}

function AlreadyThere({
  signedIn,
  words,
}: {
  signedIn: NonNullable<ConsentView['signedIn']>;
  words: Catalogue;
}): VNode {
  const provider = <Said text={signedIn.provider} limit={60} />;
  const account = readable(signedIn.account ?? '', 254);
  return (
    <>
      <p>
        {account
          ? say(words, 'account.as', {
              provider,
              account: (
                <strong>
                  <bdi>{account}</bdi>
                </strong>
              ),
            })
          : say(words, 'account.at', { provider })}
      </p>
      <p class="aside">{say(words, 'account.switch', { provider })}</p>
    </>
  );
}

function OneProvider({ provider, words }: { provider: ProviderView; words: Catalogue }): VNode {
  return (
    <p class="aside">
      {say(words, 'provider.next', { provider: <Said text={provider.name} limit={60} /> })}
      <Asks provider={provider} words={words} />
    </p>
  );
}

function SeveralProviders({ providers, words }: { providers: readonly ProviderView[]; words: Catalogue }): VNode {
  const asking = providers.filter(({ asks = [] }) => asks.length > 0);
  return (
    <>
      <p class="aside">
        {words['provider.choose']}
        {asking.map((provider) => (
          <Asks provider={provider} words={words} />
        ))}
      </p>
      <div class="answers list">
        {providers.map(({ id, name }) => (
          <button class="choice" type="submit" name="decision" value={`approve:${id}`}>
            <ProviderMark id={id} />
            <span>{say(words, 'provider.continue', { provider: <Said text={name} limit={60} /> })}</span>
          </button>
        ))}
        <Cancel words={words} />
      </div>
    </>
  );
}

// What the provider will show of this, in words of its own; here it only shall surprise nobody.
function Asks({ provider: { name, asks = [] }, words }: { provider: ProviderView; words: Catalogue }): VNode | null {
  if (asks.length === 0) return null;
  const scopes = readable(asks.join(', '), 200);
  return (
    <>
      {' '}
      {say(words, 'provider.asks', {
        provider: <Said text={name} limit={60} />,
        scopes: (
          <code>
            <bdi dir="ltr">{scopes}</bdi>
          </code>
        ),
      })}
    </>
  );
}
