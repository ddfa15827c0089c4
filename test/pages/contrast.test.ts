import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contrast, inkOn, readableOn } from '../../src/pages/style/contrast.js';

const colors = fc
  .tuple(fc.nat(255), fc.nat(255), fc.nat(255))
  .map((parts) => `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`);
const themes = [
  ['#f4f5f8', '#ffffff', '#f4f6fb'],
  ['#0e1014', '#171a20', '#1e222a'],
];

describe('an accent of the operator’s', () => {
  it('can be read as text on everything that it stands on, and so can what stands on it', () => {
    fc.assert(
      fc.property(colors, (accent) => {
        expect(contrast(inkOn(accent), accent)).toBeGreaterThanOrEqual(4.5);
        for (const theme of themes) {
          const text = readableOn(accent, theme);
          for (const surface of theme) expect(contrast(text, surface)).toBeGreaterThanOrEqual(4.5);
        }
      }),
    );
  });

  it('stays as it is where it can be read', () => {
    expect(readableOn('#2b50c8', themes[0] ?? [])).toBe('#2b50c8');
    expect(contrast('#000', '#fff')).toBe(21);
  });
});
