import { describe, expect, it } from 'vitest';
import { bearerChallenge } from '../../src/protocol/challenge.js';

describe('a Bearer challenge', () => {
  it('has its members in the order that clients parse, and leaves out what is empty', () => {
    const all = {
      resource_metadata: 'https://a.example/x',
      scope: 'a b',
      error_description: 'Why.',
      error: 'invalid_token',
    };
    expect(bearerChallenge(all)).toBe(
      'Bearer error="invalid_token", error_description="Why.", scope="a b", resource_metadata="https://a.example/x"',
    );
    expect(bearerChallenge({ scope: '', error: 'invalid_token' })).toBe('Bearer error="invalid_token"');
    expect(bearerChallenge({})).toBe('Bearer');
  });

  it('cannot be broken out of', () => {
    const hostile = 'a"b\\c\r\nSet-Cookie: x\u0000é\u2028';
    expect(bearerChallenge({ error_description: hostile })).toBe(`Bearer error_description="a'bc Set-Cookie: x"`);
    expect(bearerChallenge({ error: 'é\n' })).toBe('Bearer');
  });

  it('has no description that a client could take for another parameter', () => {
    const error_description = 'Bad scope=admin, resource_metadata=https://evil.example';
    const header = bearerChallenge({ error_description, scope: 'read', resource_metadata: 'https://a.example/x' });
    // As both SDK lines look for a parameter.
    const sought = (name: string) => new RegExp(`${name}=(?:"([^"]+)"|([^\\s,]+))`).exec(header)?.slice(1);
    expect(sought('scope')).toEqual(['read', undefined]);
    expect(sought('resource_metadata')).toEqual(['https://a.example/x', undefined]);
  });
});
