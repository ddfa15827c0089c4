import { createHash } from 'node:crypto';
import type { ComponentChildren, VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { HttpReply } from '../http/message.js';
import type { Brand } from './brand.js';
import { protection, type PageHeaders } from './headers.js';
import type { Language } from './language.js';
import { Said } from './said.js';
import { stylesheet } from './style/stylesheet.js';

/** What distinguishes one page from another. */
export interface PageContent extends Omit<PageHeaders, 'policy'> {
  readonly status: number;
  /** What the browser's tab shows. */
  readonly title: string;
  /** Everything inside the page's card, with exactly one `h1`. */
  readonly body: VNode;
  /** Where the browser goes by itself, at once. Only to where a proven redirect leads. */
  readonly onward?: string;
  /** Further headers, such as `set-cookie`; those that protect the page cannot be replaced. */
  readonly headers?: HttpReply['headers'] | undefined;
}

/** Makes a whole document: no script, nothing loaded from anywhere, and no other site may frame it. */
export type MakePage = (content: PageContent, language: Language) => HttpReply;

/** Makes documents that carry a brand. */
export function createMakePage(brand: Brand): MakePage {
  const style = stylesheet(brand.colors?.accent);
  const hash = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'${brand.logo === undefined ? '' : '; img-src data:'}`;

  return ({ status, title, body, onward, headers = {}, ...kind }, language) => {
    const { tag, direction } = language;
    const document = renderToString(
      <html lang={tag} dir={direction}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="robots" content="noindex" />
          {onward === undefined ? null : <meta http-equiv="refresh" content={`0;url=${onward}`} />}
          <title>{brand.name === undefined ? title : `${title} – ${brand.name}`}</title>
          {/* The one place where text is not escaped: it is a constant, and the policy allows no other. */}
          <style dangerouslySetInnerHTML={{ __html: style }} />
        </head>
        <body>
          <Header brand={brand} />
          <main>{body}</main>
          <Links brand={brand} language={language} />
        </body>
      </html>,
    );
    const said = { 'content-language': tag, vary: 'Accept-Language' };
    return {
      status,
      headers: { ...said, ...headers, ...protection({ policy, ...kind }) },
      body: `<!doctype html>${withoutControls(document)}`,
    };
  };
}

function Header({ brand: { name, logo } }: { brand: Brand }): VNode | null {
  if (name === undefined && logo === undefined) return null;
  return (
    <header class="brand">
      {logo === undefined ? null : <img src={logo} alt="" />}
      {name === undefined ? null : <Said text={name} limit={60} />}
    </header>
  );
}

function Links({ brand: { links = {} }, language: { words } }: { brand: Brand; language: Language }): VNode | null {
  const known = (['privacy', 'terms', 'support'] as const).flatMap((kind) => {
    const url = links[kind];
    return url === undefined ? [] : [{ kind, url }];
  });
  if (known.length === 0) return null;
  return (
    <footer class="links">
      <nav aria-label={words['link.list']}>
        <ul>
          {known.map(({ kind, url }) => (
            <li>
              <a href={url} target="_blank" rel="noopener noreferrer">
                {words[`link.${kind}`]}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </footer>
  );
}

/** By ranges: a property of Unicode would have to be looked up for each character of the page. */
// eslint-disable-next-line no-control-regex -- control characters are what this looks for
const treacherous = /[\0-\x08\v\f\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** A control character has no spelling in HTML; a bidi embedding, override or isolate would reorder the words around it. */
function withoutControls(document: string): string {
  return document.replace(treacherous, '\ufffd');
}

/** The upper part of a page, with its heading. */
export function Top({ mark, children }: { mark: ComponentChildren; children: ComponentChildren }): VNode {
  return (
    <div class="top">
      <div class="marks">{mark}</div>
      {children}
    </div>
  );
}
