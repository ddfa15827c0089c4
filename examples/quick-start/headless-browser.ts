/** A page as a browser without a screen sees it. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly html: string;
}

/**
 * Follows redirects, keeps cookies and submits forms, as a browser does, for people who are not there.
 *
 * It stops before a URL that `stopAt` names, as before the callback of a native app.
 */
export class HeadlessBrowser {
  /** Cookies by origin's host, since cookies do not know ports. */
  readonly #cookies = new Map<string, Map<string, string>>();
  readonly #stopAt: (url: URL) => boolean;

  constructor(stopAt: (url: URL) => boolean) {
    this.#stopAt = stopAt;
  }

  /** Opens a URL, and follows where it leads. */
  open(url: URL): Promise<Page> {
    return this.#visit(url, {});
  }

  /** Fills in and submits the first form of a page; `button` is the value of the button that is pressed. */
  submit(page: Page, fields: Readonly<Record<string, string>>, button?: string): Promise<Page> {
    const form = /<form\b[^>]*>[\s\S]*?<\/form>/.exec(page.html)?.[0] ?? '';
    const body = new URLSearchParams();
    for (const [input] of form.matchAll(/<input\b[^>]*>/g)) {
      if (attribute(input, 'type') === 'hidden') body.set(attribute(input, 'name'), attribute(input, 'value'));
    }
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    for (const [pressed] of form.matchAll(/<button\b[^>]*>/g)) {
      const value = attribute(pressed, 'value');
      if (value === button || (button !== undefined && value.startsWith(`${button}:`)))
        body.set(attribute(pressed, 'name'), value);
    }
    const action = new URL(attribute(form, 'action') || page.url.href, page.url);
    return this.#visit(action, { body, origin: page.url.origin });
  }

  async #visit(url: URL, form: { body?: URLSearchParams; origin?: string }): Promise<Page> {
    let next = url;
    let { body, origin } = form;
    for (let hops = 0; hops < 20; hops++) {
      if (this.#stopAt(next)) return { url: next, status: 0, html: '' };
      const cookies = this.#cookiesOf(next);
      const cookie = this.cookiesFor(next);
      const headers = { accept: 'text/html', ...(origin && { origin }), ...(cookie && { cookie }) };
      const method = body ? 'POST' : 'GET';
      const response = await fetch(next, { method, headers, redirect: 'manual', ...(body && { body }) });
      for (const each of response.headers.getSetCookie()) keep(cookies, each);
      const location = response.headers.get('location');
      if (location === null) return { url: next, status: response.status, html: await response.text() };
      next = new URL(location, next);
      [body, origin] = [undefined, undefined];
    }
    throw new Error(`Too many redirects, the last one to ${next.origin}${next.pathname}`);
  }

  /** The `Cookie` header that it would send with a request. */
  cookiesFor(url: URL): string {
    return [...this.#cookiesOf(url)].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  #cookiesOf({ hostname }: URL): Map<string, string> {
    const known = this.#cookies.get(hostname) ?? new Map<string, string>();
    this.#cookies.set(hostname, known);
    return known;
  }
}

function keep(cookies: Map<string, string>, setCookie: string): void {
  const [pair = ''] = setCookie.split(';');
  const name = pair.slice(0, pair.indexOf('='));
  const isOver = /;\s*max-age=0\b/i.test(setCookie) || /;\s*expires=thu, 01 jan 1970/i.test(setCookie);
  if (isOver) cookies.delete(name);
  else cookies.set(name, pair.slice(name.length + 1));
}

function attribute(tag: string, name: string): string {
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
  return value
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
