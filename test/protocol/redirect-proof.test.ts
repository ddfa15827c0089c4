import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { proveRedirectTarget } from '../../src/protocol/redirect-proof.js';
import { redirectUriMatches } from '../../src/protocol/redirect-uri.js';

const uris = fc.constantFrom(
  ...['https://app.example/cb', 'https://app.example/cb?a=b', 'https://app.example/cb?a=c', 'https://app.example/cb/'],
  ...['http://localhost:1/cb', 'http://localhost/cb', 'http://127.0.0.1:2/cb', 'http://localhost:80@evil.example/cb'],
  ...['http://localhost:1/cb@evil.example', 'cursor://app/cb', 'https://evil.example/cb'],
);
const isProven = (registered: readonly string[], requested: string | undefined) => {
  try {
    return proveRedirectTarget(registered, requested, {}).uri;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

describe('a proven redirect target', () => {
  it('does not exist for a client that registered none: that never means any', () => {
    for (const requested of [undefined, '', 'https://evil.example/cb', 'http://localhost/cb']) {
      expect(isProven([], requested)).toBe('invalid_request');
    }
  });

  it('is what was asked for, to the letter, where that is registered; else it is the only one, or none', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(uris, { maxLength: 4 }),
        fc.option(uris, { nil: undefined }),
        (registered, requested) => {
          const isRegistered = registered.some((each) => redirectUriMatches(requested ?? '', each));
          const only = registered.length === 1 ? registered[0] : undefined;
          const expected = requested === undefined ? only : isRegistered ? requested : undefined;
          expect(isProven(registered, requested)).toBe(expected ?? 'invalid_request');
          // No query is dropped, and no host follows an at sign.
          if (expected !== undefined && registered.includes(expected)) return;
          if (expected !== undefined) expect(expected).toMatch(/^http:\/\/(?:localhost|127\.0\.0\.1)(?::\d+)?\/cb$/);
        },
      ),
      { seed: 9700, numRuns: 2000 },
    );
  });

  it.each([
    'http://localhost:80@evil.example/cb',
    'http://localhost:@evil.example/cb',
    'http://localhost@evil.example',
  ])('is never %s, whatever port of localhost was registered', (requested) => {
    const registered = ['http://localhost/cb', 'http://localhost:80/cb', 'http://localhost:3000/', 'http://localhost'];
    expect(isProven(registered, requested)).toBe('invalid_request');
  });
});
