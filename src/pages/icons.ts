import { html, type Html } from './html.js';

/** The pictures on the pages. They repeat what the words say, so screen readers skip them. */
export const icons = {
  app: icon(html`<rect x="3" y="4" width="18" height="16" rx="3" /><path d="M3 9h18M6.5 6.6h.01M9 6.6h.01" />`),
  server: icon(
    html`<rect x="3" y="4" width="18" height="7" rx="2" /><rect x="3" y="13" width="18" height="7" rx="2" />
      <path d="M7 7.5h.01M7 16.5h.01M11 7.5h6M11 16.5h6" />`,
  ),
  link: icon(html`<path d="M4 12h16m-4.5-4.5L20 12l-4.5 4.5M8.5 7.5 4 12l4.5 4.5" />`),
  globe: icon(html`<circle cx="12" cy="12" r="9" /><path d="M3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18" />`),
  computer: icon(html`<rect x="3" y="4" width="18" height="12" rx="2" /><path d="M8 20h8M12 16v4" />`),
  check: icon(html`<path d="m5 12.5 4.5 4.5L19 7.5" />`),
  warning: icon(html`<path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17h.01" />`),
  info: icon(html`<circle cx="12" cy="12" r="9" /><path d="M12 11v5M12 8h.01" />`),
} as const;

function icon(shapes: Html): Html {
  return html`<svg aria-hidden="true" viewBox="0 0 24 24">${shapes}</svg>`;
}
