import { describe, expect, it } from 'vitest';
import { css, html } from '../../src/pages/html.js';

describe('html', () => {
  it('escapes text for elements and for attributes in quotes', () => {
    const hostile = `"><script>alert('&\`')</script></style>`;
    expect(html`<a title="${hostile}">${hostile}</a>`.toString()).toBe(
      '<a title="&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#96;&#39;)&lt;/script&gt;&lt;/style&gt;">' +
        '&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#96;&#39;)&lt;/script&gt;&lt;/style&gt;</a>',
    );
  });

  it('replaces what HTML cannot carry and what reorders the text around it', () => {
    expect(html`${'a\u0000b\u001bc\u202ed\u2066e\n'}`.toString()).toBe('a\ufffdb\ufffdc\ufffdd\ufffde\n');
  });

  it('lets its own markup pass, alone and in lists', () => {
    const items = ['<1>', '<2>'].map((text) => html`<i>${text}</i>`);
    expect(html`<p>${items}</p>`.toString()).toBe('<p><i>&lt;1&gt;</i><i>&lt;2&gt;</i></p>');
    expect(html`<p>${html`<b>${3}</b>`}</p>`.toString()).toBe('<p><b>3</b></p>');
  });

  it('does not compile with markup that it did not make', () => {
    const lookAlike = { toString: () => '<script>' };
    // @ts-expect-error: only what html made passes unescaped
    expect(() => html`${lookAlike}`).toThrow();
    // @ts-expect-error: what is absent has no text
    expect(html`${undefined}`.toString()).toBe('undefined');
  });
});

describe('css', () => {
  it('does not compile with a value in it', () => {
    const color = 'red';
    // prettier-ignore
    // @ts-expect-error: a stylesheet takes no values
    expect(css`a { color: ${color}; }`.toString()).not.toContain('red');
  });
});
