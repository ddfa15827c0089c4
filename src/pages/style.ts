import { css } from './html.js';

/** The stylesheet of every page: system fonts, light and dark, from 320 px up, and nothing to load. */
export const stylesheet = css`
  :root {
    color-scheme: light dark;
    --back: #f4f5f8;
    --card: #fff;
    --line: #e1e4eb;
    --text: #161a23;
    --soft: #59616f;
    --tint: #f4f6fb;
    --accent: #2b50c8;
    --press: #223fa3;
    --on-accent: #fff;
    --alert: #6d4500;
    --alert-tint: #fff5e0;
    --alert-line: #f1d9a6;
    --shade: 0 1px 2px #161a2309, 0 12px 32px #161a2312;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --back: #0e1014;
      --card: #171a20;
      --line: #2c313b;
      --text: #eceef3;
      --soft: #a2aab8;
      --tint: #1e222a;
      --accent: #9db5ff;
      --press: #b9caff;
      --on-accent: #0d1530;
      --alert: #f3d08a;
      --alert-tint: #292113;
      --alert-line: #4d3d1c;
      --shade: 0 1px 2px #0006, 0 12px 32px #0005;
    }
  }
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
    min-height: 100vh;
    padding: 1rem;
    background: var(--back);
    color: var(--text);
    font:
      1rem/1.5 system-ui,
      -apple-system,
      'Segoe UI',
      Roboto,
      'Helvetica Neue',
      Arial,
      sans-serif;
    overflow-wrap: anywhere;
  }
  main {
    width: 100%;
    max-width: 27.5rem;
    margin: auto;
    padding: 2rem;
    border: 1px solid var(--line);
    border-radius: 1.125rem;
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
  header {
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
  }
  .mark svg {
    width: 1.5rem;
    height: 1.5rem;
  }
  h1 {
    font-size: 1.375rem;
    line-height: 1.3;
    letter-spacing: -0.012em;
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
  .message,
  form .aside {
    text-wrap: balance;
  }
  .claim,
  .aside {
    color: var(--soft);
    font-size: 0.875rem;
    line-height: 1.45;
  }
  .claim {
    margin-top: 0.5rem;
  }
  .verified {
    display: inline-flex;
    gap: 0.375rem;
    margin-top: 0.625rem;
  }
  .notice,
  .warning {
    display: flex;
    gap: 0.625rem;
    padding: 0.75rem 0.875rem;
    border: 1px solid var(--line);
    border-radius: 0.75rem;
    background: var(--tint);
    font-size: 0.875rem;
    line-height: 1.45;
  }
  .notice {
    margin-bottom: 1.25rem;
  }
  .verified svg,
  .notice svg {
    color: var(--accent);
  }
  .warning {
    margin-top: 0.75rem;
    border-color: var(--alert-line);
    background: var(--alert-tint);
    color: var(--alert);
  }
  .target {
    display: flex;
    gap: 0.75rem;
    margin-top: 1.25rem;
    padding: 0.875rem;
    border: 1px solid var(--line);
    border-radius: 0.75rem;
    background: var(--tint);
  }
  .target svg {
    margin-top: 0.0625rem;
    color: var(--accent);
  }
  .target strong {
    font-size: 1.0625rem;
    line-height: 1.35;
  }
  .target strong.long {
    display: block;
    font-size: 0.8125rem;
    line-height: 1.3;
  }
  section {
    margin-top: 1.5rem;
  }
  h2 {
    margin-bottom: 0.5rem;
    color: var(--soft);
    font-size: 0.875rem;
    font-weight: 500;
    line-height: 1.4;
  }
  ul {
    padding: 0;
    list-style: none;
  }
  li {
    display: flex;
    gap: 0.625rem;
    padding: 0.3125rem 0;
  }
  li svg {
    margin-top: 0.125rem;
    color: var(--accent);
  }
  code {
    color: var(--soft);
    font:
      0.8125rem/1.45 ui-monospace,
      SFMono-Regular,
      Menlo,
      Consolas,
      monospace;
  }
  li code,
  section > code {
    display: block;
  }
  li code:only-child {
    color: var(--text);
    font-size: 0.9375rem;
    line-height: 1.6;
  }
  form {
    margin-top: 1.5rem;
    padding-top: 1.25rem;
    border-top: 1px solid var(--line);
  }
  button,
  .button {
    display: block;
    width: 100%;
    min-height: 3rem;
    margin-top: 0.625rem;
    padding: 0.6875rem 1rem;
    border: 1px solid var(--line);
    border-radius: 0.75rem;
    background: var(--card);
    color: var(--text);
    font: inherit;
    font-weight: 600;
    text-align: center;
    text-decoration: none;
    cursor: pointer;
  }
  button:hover {
    background: var(--tint);
  }
  .choice {
    border-color: var(--accent);
    color: var(--accent);
  }
  .primary {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
  }
  .primary:hover {
    border-color: var(--press);
    background: var(--press);
  }
  :focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  form .aside {
    text-align: center;
  }
  button + .aside {
    margin-top: 1rem;
  }
  .message {
    margin-top: 0.75rem;
  }
  .mark.alert {
    border-color: var(--alert-line);
    background: var(--alert-tint);
    color: var(--alert);
  }
  footer {
    margin-top: 1.5rem;
    padding-top: 1rem;
    border-top: 1px solid var(--line);
    text-align: center;
  }
  footer code {
    user-select: all;
    -webkit-user-select: all;
  }
  @media (max-width: 30rem) {
    body {
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
  }
`;
