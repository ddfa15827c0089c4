/** Markup that is safe to send as it stands; only {@link html} and {@link css} make it. */
export type Html = Markup;

/** What {@link html} takes between its literal parts: text, which it escapes, and markup that it made itself. */
export type Content = string | number | Html | readonly Html[];

/** Nominal, by a private member: no look-alike object type-checks, and no other file should make one. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** Makes markup of a template and escapes every text in it, for element content and for attributes in double quotes. */
export function html(literals: TemplateStringsArray, ...contents: readonly Content[]): Html {
  const parts = contents.map((content, i) => render(content) + (literals[i + 1] ?? ''));
  return new Markup((literals[0] ?? '') + parts.join(''));
}

/** Makes a stylesheet of a template; there is no way to put a value into it. */
export function css(literals: TemplateStringsArray): Html {
  return new Markup(literals.join('').replace(/\s+/g, ' ').trim());
}

function render(content: Content): string {
  if (content instanceof Markup) return content.toString();
  if (typeof content === 'object') return content.map(render).join('');
  return escape(String(content));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

function escape(text: string): string {
  // A control character has no spelling in HTML; a bidi embedding, override or isolate would reorder the words around it.
  return text.replace(
    /[&<>"'`]|(?![\t\n\r])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu,
    (found) => entities[found] ?? '\ufffd',
  );
}
