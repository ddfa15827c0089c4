import { colors } from './colors.js';
import { layout } from './layout.js';
import { parts } from './parts.js';

/** The stylesheet of every page: system fonts, light and dark, and nothing to load. Made once, when the server starts. */
export function stylesheet(accent: string | undefined): string {
  return `${colors(accent)}${layout}${parts}`
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replaceAll(';}', '}')
    .trim();
}
