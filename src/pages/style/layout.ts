/** How a page is laid out: one column from 320 px up, by logical properties, in sizes that grow with the text. */
export const layout = `
  * {
    box-sizing: border-box;
    margin: 0;
  }
  html {
    -webkit-text-size-adjust: 100%;
    text-size-adjust: 100%;
  }
  body {
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 1rem;
    min-height: 100vh;
    padding: 1.5rem 1rem;
    background: var(--back);
    color: var(--text);
    font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', Arial, sans-serif;
    overflow-wrap: anywhere;
  }
  body::before,
  body::after {
    content: '';
    flex: 1;
  }
  main,
  .brand,
  .links {
    width: 100%;
    max-width: 28rem;
  }
  main {
    padding: 2rem;
    border: 1px solid var(--line);
    border-radius: 1.25rem;
    background: var(--card);
    box-shadow: var(--shade);
  }
  svg {
    flex: none;
    width: 1.25rem;
    height: 1.25rem;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.75;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .brand {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 0.625rem;
    color: var(--text);
    font-weight: 600;
  }
  .brand img {
    max-width: 10rem;
    max-height: 2.25rem;
  }
  .links ul {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 0 0.5rem;
  }
  .links li {
    padding: 0;
  }
  .links a {
    padding: 0.375rem 0.5rem;
    color: var(--soft);
    font-size: 0.875rem;
  }
  .top {
    text-align: center;
  }
  .marks {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 0.75rem;
    margin-bottom: 1rem;
    color: var(--soft);
  }
  .mark {
    display: grid;
    place-items: center;
    width: 3rem;
    height: 3rem;
    border: 1px solid var(--line);
    border-radius: 0.875rem;
    background: var(--tint);
    color: var(--accent);
    font-size: 1.25rem;
    font-weight: 600;
    line-height: 1;
  }
  .mark svg {
    width: 1.5rem;
    height: 1.5rem;
  }
  .mark.alert {
    border-color: var(--alert-line);
    background: var(--alert-tint);
    color: var(--alert);
  }
  h1 {
    font-size: 1.375rem;
    line-height: 1.3;
    letter-spacing: -0.012em;
  }
  :lang(ar) {
    letter-spacing: 0;
  }
  .name,
  .sub {
    display: -webkit-box;
    overflow: hidden;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
  }
  .sub {
    margin-top: 0.125rem;
    font-size: 1.0625rem;
    font-weight: 400;
    line-height: 1.4;
    letter-spacing: 0;
  }
  .sub bdi {
    font-weight: 600;
  }
  h1,
  .sub,
  .claim,
  .message {
    text-wrap: balance;
  }
  .claim,
  .aside {
    color: var(--soft);
    font-size: 0.875rem;
    line-height: 1.45;
  }
  .claim {
    margin-top: 0.375rem;
  }
  .message {
    margin-top: 0.625rem;
  }
  section {
    margin-top: 1.375rem;
  }
  h2,
  h3,
  dt {
    color: var(--soft);
    font-size: 0.875rem;
    font-weight: 500;
    line-height: 1.4;
  }
  h3 {
    margin-top: 0.625rem;
    color: var(--text);
    font-weight: 600;
  }
  ul {
    padding: 0;
    list-style: none;
  }
  li {
    display: flex;
    gap: 0.625rem;
    padding: 0.25rem 0;
  }
  h2 + ul {
    margin-top: 0.25rem;
  }
  li > svg {
    margin-top: 0.125rem;
    color: var(--accent);
  }
  code {
    color: var(--soft);
    font: 0.8125rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  }
  li code,
  dd code {
    display: block;
  }
  li code:only-child {
    color: var(--text);
    font-size: 0.9375rem;
    line-height: 1.6;
  }
  .foot {
    margin-top: 1.5rem;
    padding-top: 1rem;
    border-top: 1px solid var(--line);
    text-align: center;
  }
  .foot code,
  .copy {
    user-select: all;
    -webkit-user-select: all;
  }
  @media (max-width: 30rem) {
    body {
      gap: 0.75rem;
      padding: 0.75rem;
    }
    main {
      padding: 1.25rem;
    }
    .mark {
      width: 2.5rem;
      height: 2.5rem;
      border-radius: 0.75rem;
    }
    .marks {
      margin-bottom: 0.625rem;
    }
  }
`;
