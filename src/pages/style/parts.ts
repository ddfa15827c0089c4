/** What stands out on a page: boxes, and what can be pressed. */
export const parts = `
  .badge {
    display: inline-flex;
    align-items: center;
    gap: 0.375rem;
    margin-top: 0.625rem;
    padding: 0.1875rem 0.625rem;
    border: 1px solid var(--line);
    border-radius: 1rem;
    background: var(--tint);
    font-size: 0.875rem;
    font-weight: 600;
    line-height: 1.4;
  }
  .badge svg {
    width: 1rem;
    height: 1rem;
    color: var(--accent);
  }
  .badge.alert,
  .box.alert {
    border-color: var(--alert-line);
    background: var(--alert-tint);
    color: var(--alert);
  }
  .badge.alert svg,
  .box.alert svg {
    color: inherit;
  }
  .box {
    display: flex;
    gap: 0.625rem;
    margin-top: 0.75rem;
    padding: 0.75rem 0.875rem;
    border: 1px solid var(--line);
    border-radius: 0.75rem;
    background: var(--tint);
    font-size: 0.875rem;
    line-height: 1.45;
    text-align: start;
  }
  .box svg {
    color: var(--accent);
  }
  .notice {
    margin: 0 0 1.25rem;
  }
  .facts {
    margin-top: 1.25rem;
    border: 1px solid var(--line);
    border-radius: 0.75rem;
    background: var(--tint);
  }
  .facts > div {
    padding: 0.75rem 0.875rem 0.75rem;
    padding-inline-start: 2.875rem;
    position: relative;
  }
  .facts > div + div {
    border-top: 1px solid var(--line);
  }
  .facts svg {
    position: absolute;
    inset-inline-start: 0.875rem;
    top: 0.8125rem;
    color: var(--accent);
  }
  dd {
    margin: 0;
    font-weight: 600;
    line-height: 1.4;
  }
  dd.target {
    font-size: 1.0625rem;
  }
  dd.long {
    font-size: 0.8125rem;
    line-height: 1.3;
  }
  dd code,
  dd small {
    font-weight: 400;
  }
  .connection {
    margin-top: 0.875rem;
    padding: 1rem;
    border: 1px solid var(--line);
    border-radius: 0.75rem;
  }
  .connection h2 {
    color: var(--text);
    font-size: 1.0625rem;
    font-weight: 600;
  }
  .connection .badge {
    margin-top: 0.375rem;
  }
  .connection dl {
    display: flex;
    flex-wrap: wrap;
    gap: 0.625rem 1.5rem;
    margin-top: 0.625rem;
  }
  .connection dl > :first-child {
    flex-basis: 100%;
  }
  .connection h3 {
    margin-top: 0.75rem;
  }
  .connection ~ .answers {
    margin-top: 1.375rem;
  }
  .connection button {
    width: 100%;
    margin-top: 0.75rem;
  }
  form {
    margin-top: 1.375rem;
    padding-top: 1.125rem;
    border-top: 1px solid var(--line);
  }
  form > .aside {
    text-align: center;
    text-wrap: balance;
  }
  .remote {
    display: flex;
    gap: 0.625rem;
    margin-bottom: 0.875rem;
    padding: 0.375rem 0;
    font-size: 0.875rem;
    line-height: 1.45;
    cursor: pointer;
  }
  input[type='checkbox'] {
    flex: none;
    width: 1.5rem;
    height: 1.5rem;
    margin: 0;
    accent-color: var(--accent);
  }
  .answers {
    display: flex;
    flex-wrap: wrap;
    gap: 0.625rem;
    margin-top: 0.75rem;
  }
  .answers > * {
    flex: 1 1 7.5rem;
  }
  .answers.list > * {
    flex-basis: 100%;
  }
  .answers + .aside {
    margin-top: 0.875rem;
  }
  button,
  .button {
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 0.625rem;
    min-height: 3rem;
    padding: 0.625rem 1rem;
    border: 1px solid var(--edge);
    border-radius: 0.75rem;
    background: var(--card);
    color: var(--text);
    font: inherit;
    font-weight: 600;
    text-align: center;
    text-decoration: none;
    cursor: pointer;
  }
  button[hidden] {
    display: none;
  }
  button:hover,
  .button:hover {
    background: var(--tint);
  }
  .choice,
  .choice:hover {
    background: var(--choice);
    color: var(--choice-text);
  }
  .choice:hover {
    box-shadow: inset 0 0 0 1px var(--edge);
  }
  .brand-mark {
    stroke: none;
  }
  .primary {
    border-color: var(--accent);
    background: var(--fill);
    color: var(--ink);
  }
  .primary:hover {
    background: var(--press);
  }
  section > .button,
  .box + .button {
    margin-top: 0.875rem;
  }
  :focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }
  .copy {
    display: block;
    margin-top: 0.25rem;
    padding: 0.625rem 0.75rem;
    border: 1px solid var(--line);
    border-radius: 0.625rem;
    background: var(--tint);
    color: var(--text);
  }
  @media (max-width: 30rem) {
    .facts {
      margin-top: 0.875rem;
    }
  }
  @media (forced-colors: active) {
    svg {
      color: CanvasText;
    }
    .primary {
      border: 3px solid ButtonText;
    }
    .brand-mark {
      forced-color-adjust: none;
      padding: 1px;
      background: #fff;
      color: #000;
    }
  }
  @media (prefers-reduced-motion: no-preference) {
    button,
    .button {
      transition: background-color 0.12s;
    }
  }
`;
