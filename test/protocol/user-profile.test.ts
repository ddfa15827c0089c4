import { describe, expect, it } from 'vitest';
import { profileFor } from '../../src/protocol/user-profile.js';

const user = {
  sub: 'alice',
  name: 'Alice',
  preferred_username: 'al',
  picture: 'https://a.example/p.png',
  locale: 'de',
  email: 'alice@example.test',
  email_verified: true,
  organizations: ['acme'],
  groups: ['admins'],
  raw: { secret: 'x' },
};
const { name, preferred_username, picture, locale, email, email_verified } = user;

describe('what a client may know of a user', () => {
  it.each([
    [[], {}],
    [['openid'], {}],
    [['profile'], { name, preferred_username, picture, locale }],
    [['email'], { email, email_verified }],
    [['openid', 'email', 'mcp:tools', 'groups'], { email, email_verified }],
    [['constructor', '__proto__', 'toString'], {}],
    [['PROFILE'], {}],
  ])('with %j is %j', (scopes, expected) => {
    expect(profileFor(scopes, user)).toEqual(expected);
  });

  it('has no member that is unknown, and no verification of an address that is', () => {
    const both = ['profile', 'email'];
    expect(profileFor(both, { name: 'Alice', email_verified: false })).toEqual({ name: 'Alice' });
    expect(profileFor(both, { email, email_verified: false })).toEqual({ email, email_verified: false });
    expect(JSON.stringify(profileFor(both, {}))).toBe('{}');
  });

  it('is bounded: a picture that is no picture any more goes first', () => {
    const long = { ...user, name: 'ü'.repeat(256), picture: `https://a.example/${'ü'.repeat(2030)}` };
    const { picture: _, ...rest } = profileFor(['profile', 'email'], long);
    expect(profileFor(['profile', 'email'], long)).toEqual({ ...rest });
    expect(_).toBeUndefined();
    expect(rest).toMatchObject({ name: long.name, email });
  });
});
