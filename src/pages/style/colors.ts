import { inkOn, readableOn, toward } from './contrast.js';

/** What text stands on: the surfaces of a theme. */
const light = { back: '#f4f5f8', card: '#ffffff', tint: '#f4f6fb' };
const dark = { back: '#0e1014', card: '#171a20', tint: '#1e222a' };

const usualAccent = { light: '#2b50c8', dark: '#9db5ff' };

/**
 * The colours of both themes, as custom properties.
 *
 * @param accent - the operator's colour in hex: buttons have it as it is, text and borders the nearest shade of it that
 *   can be read
 */
export function colors(accent: string | undefined): string {
  return `:root{color-scheme:light dark;${surfaces(light)}--line:#e1e4eb;--edge:#747b8a;--text:#161a23;--soft:#59616f;${accents(
    accent ?? usualAccent.light,
    light,
  )}--alert:#6d4500;--alert-tint:#fff5e0;--alert-line:#f1d9a6;--choice:#fff;--choice-text:#1f1f1f;--shade:0 1px 2px #161a2309,0 12px 32px #161a2312}
@media (prefers-color-scheme:dark){:root{${surfaces(dark)}--line:#2c313b;--edge:#7e8695;--text:#eceef3;--soft:#a2aab8;${accents(
    accent ?? usualAccent.dark,
    dark,
  )}--alert:#f3d08a;--alert-tint:#292113;--alert-line:#4d3d1c;--choice:#131314;--choice-text:#e3e3e3;--shade:0 1px 2px #0006,0 12px 32px #0005}}`;
}

function surfaces({ back, card, tint }: typeof light): string {
  return `--back:${back};--card:${card};--tint:${tint};`;
}

function accents(accent: string, theme: typeof light): string {
  const ink = inkOn(accent);
  const text = readableOn(accent, Object.values(theme));
  return `--fill:${accent};--press:${toward(accent, ink === '#ffffff' ? '#000000' : '#ffffff', 0.15)};--ink:${ink};--accent:${text};`;
}
