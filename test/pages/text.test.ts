import { describe, expect, it } from 'vitest';
import { readable, readableHost } from '../../src/pages/text.js';

describe('readable', () => {
  it.each([
    ['white space of every kind', ' Claude\t\r\n\u00a0\u2003\u3000 Code\u2028', 'Claude Code'],
    ['zero-width characters', 'Cl\u200ba\u200c\u200du\u2060d\ufeffe', 'Claude'],
    ['bidi controls', '\u202eedualC\u202c\u2067\u200f', 'edualC'],
    ['fillers that look like nothing', 'a\u3164\u115f\u2800\u034fb', 'a b'],
    ['NUL and other controls', 'a\u0000\u001b\u0085b', 'a b'],
    ['tag characters', 'a\u{e0041}\u{e007f}b', 'ab'],
    ['a lone surrogate', 'a\ud800b', 'ab'],
    ['a name of nothing visible', '\u200b \u2800\u202e', ''],
  ])('takes out %s', (_, text, expected) => {
    expect(readable(text, 80)).toBe(expected);
  });

  it('keeps the letters of every script', () => {
    expect(readable('תוכנה Ünïcödé 云 🚀', 80)).toBe('תוכנה Ünïcödé 云 🚀');
  });

  it('cuts by code points, and shows that it did', () => {
    expect(readable('🚀'.repeat(80), 80)).toBe('🚀'.repeat(80));
    expect(readable('🚀'.repeat(81), 80)).toBe(`${'🚀'.repeat(79)}…`);
  });
});

describe('readableHost', () => {
  it('keeps the end of a host, which tells whose it is', () => {
    expect(readableHost('claude.ai')).toBe('claude.ai');
    const host = readableHost(`${'claude.ai.'.repeat(100)}evil.example`);
    expect(host).toHaveLength(253);
    expect(host).toMatch(/^….*evil\.example$/);
  });
});
