import { randomBytes } from 'node:crypto';
import { sign } from 'cookie-signature';
import { describe, expect, it } from 'vitest';
import { createBrowserBinding } from '../../src/flow/browser-binding.js';
import { createCookieJar } from '../../src/http/cookies.js';
import { issuer, requestWith, ringOf, secrets, sentBack } from './scene.js';

const ttl = 600;

function bindingOf({ secure = true, tag = 'tag', list = [secrets[0]] as [string, ...string[]], at = issuer } = {}) {
  return createBrowserBinding(ringOf(list, at), createCookieJar({ secure, tag }), randomBytes, ttl);
}

const binding = bindingOf();
const id = 'abcdefghijklmnopqrstuv';
const newId = () => randomBytes(16).toString('base64url');
const one = (cookies: string[]) => {
  expect(cookies).toHaveLength(1);
  return cookies[0] ?? '';
};

describe('the cookies', () => {
  it('under https are bound to this host, to https and to no script', () => {
    const { cookie } = binding.newBrowser();
    expect(cookie).toMatch(
      /^__Host-gatehouse-tag-browser=[\w.%+/=-]+; Path=\/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure$/,
    );
    expect(one(binding.bind(requestWith(), id))).toMatch(
      /^__Host-gatehouse-tag-sign-in-abcdefgh=[\w.%+/=-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
    );
    expect(binding.release(id)).toBe(
      '__Host-gatehouse-tag-sign-in-abcdefgh=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure',
    );
  });

  it('under http on a loopback address have no prefix, which browsers would refuse there', () => {
    const local = bindingOf({ secure: false });
    for (const cookie of [local.newBrowser().cookie, ...local.bind(requestWith(), id), local.release(id)]) {
      expect(cookie).toMatch(
        /^gatehouse-tag-(browser|sign-in-abcdefgh)=[^;]*; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/,
      );
    }
  });

  it('never name a domain', () => {
    for (const secure of [true, false]) {
      const each = bindingOf({ secure });
      for (const cookie of [each.newBrowser().cookie, ...each.bind(requestWith(), id), each.release(id)]) {
        expect(cookie).not.toMatch(/domain/i);
      }
    }
  });
});

describe('a browser', () => {
  it('is known again by its cookie, whatever else it sends', () => {
    const { browser, cookie } = binding.newBrowser();
    expect(browser).toMatch(/^[\w-]{22}$/);
    expect(binding.browserOf(requestWith('a=b', sentBack(cookie), 'gatehouse-tag-browser=x'))).toBe(browser);
    expect(binding.browserOf(requestWith())).toBeUndefined();
  });

  it('has a name of its own', () => {
    const names = Array.from({ length: 100 }, () => binding.newBrowser().browser);
    expect(new Set(names).size).toBe(100);
  });

  it('is unknown with a cookie that was forged, changed, of another issuer or for another purpose', () => {
    const { browser, cookie } = binding.newBrowser();
    const name = '__Host-gatehouse-tag-browser';
    const value = sentBack(cookie).slice(name.length + 1);
    const signIn = sentBack(one(binding.bind(requestWith(), browser))).replace(/^[^=]*=/, '');
    const forged = [
      '',
      browser,
      `${browser}.`,
      `x${value}`,
      value.slice(0, -1),
      value.replace(browser, 'another-browser'),
      sign(browser, 'a guess at the secret'),
      sentBack(bindingOf({ at: 'https://other.example' }).newBrowser().cookie).replace(/^[^=]*=/, ''),
      signIn,
    ];
    for (const each of forged) expect(binding.browserOf(requestWith(`${name}=${each}`)), each).toBeUndefined();
  });

  it('is not taken from a cookie without the prefix under https, which a sibling domain could have set', () => {
    const { cookie } = binding.newBrowser();
    const bare = sentBack(cookie).replace('__Host-', '');
    expect(binding.browserOf(requestWith(bare))).toBeUndefined();
    for (const prefix of ['__host-', '__Secure-', ' ', '__HOST-']) {
      expect(binding.browserOf(requestWith(prefix + bare))).toBeUndefined();
    }
  });

  it('is not taken from the cookie of another server on this host', () => {
    const other = bindingOf({ tag: 'other', secure: false });
    const { cookie } = other.newBrowser();
    expect(bindingOf({ secure: false }).browserOf(requestWith(sentBack(cookie)))).toBeUndefined();
  });

  it('survives a rotation of the secret, until the old one is taken off', () => {
    const { browser, cookie } = binding.newBrowser();
    const request = requestWith(sentBack(cookie));
    expect(bindingOf({ list: [secrets[1], secrets[0]] }).browserOf(request)).toBe(browser);
    expect(bindingOf({ list: [secrets[1]] }).browserOf(request)).toBeUndefined();
  });
});

describe('the binding of a sign-in', () => {
  it('lets the browser that approved come back, and no other', () => {
    const request = requestWith(sentBack(one(binding.bind(requestWith(), id))));
    expect(binding.isBound(request, id)).toBe(true);
    expect(binding.isBound(requestWith(), id)).toBe(false);
    expect(binding.isBound(request, newId())).toBe(false);
  });

  it('is for one transaction: another one with the same beginning is not bound', () => {
    const request = requestWith(sentBack(one(binding.bind(requestWith(), id))));
    expect(binding.isBound(request, `${id.slice(0, 8)}zzzzzzzzzzzzzz`)).toBe(false);
    expect(binding.isBound(request, id.slice(0, 8))).toBe(false);
  });

  it('is the same for a second click, so that either answer of the two leaves a cookie that counts', () => {
    const first = binding.bind(requestWith(), id);
    expect(binding.bind(requestWith(sentBack(one(first))), id)).toEqual(first);
  });

  it('does not count when it was tossed in: forged, of another issuer, for another purpose, without the prefix', () => {
    const name = '__Host-gatehouse-tag-sign-in-abcdefgh';
    const genuine = sentBack(one(binding.bind(requestWith(), id)));
    const elsewhere = sentBack(one(bindingOf({ at: 'https://other.example' }).bind(requestWith(), id)));
    const browserCookie = sign(id, ringOf().current('browser cookie').key);
    for (const cookie of [
      `${name}=${id}`,
      `${name}=${sign(id, 'a guess at the secret')}`,
      `${name}=${browserCookie}`,
      elsewhere,
      genuine.slice(0, -1),
      genuine.replace('__Host-', ''),
    ]) {
      expect(binding.isBound(requestWith(cookie), id), cookie).toBe(false);
    }
    expect(binding.isBound(requestWith(genuine), id)).toBe(true);
  });

  it('fails when a cookie was tossed in before the genuine one, and never lets the other one pass', () => {
    const genuine = sentBack(one(binding.bind(requestWith(), id)));
    const tossed = `${genuine.split('=')[0]}=${id}.x`;
    expect(binding.isBound(requestWith(tossed, genuine), id)).toBe(false);
  });

  it('answers for ids of any shape', () => {
    for (const odd of ['', '__proto__', 'a'.repeat(10_000), 'a;b=c', '\r\nset-cookie: a=b']) {
      expect(binding.isBound(requestWith(sentBack(one(binding.bind(requestWith(), id)))), odd)).toBe(false);
    }
  });

  it('survives a rotation of the secret while the user signs in', () => {
    const request = requestWith(sentBack(one(binding.bind(requestWith(), id))));
    expect(bindingOf({ list: [secrets[1], secrets[0]] }).isBound(request, id)).toBe(true);
    expect(bindingOf({ list: [secrets[1]] }).isBound(request, id)).toBe(false);
  });

  it('is kept for six transactions at once; the oldest ones are forgotten, so that headers stay small', () => {
    const jar = new Map<string, string>();
    const ids = Array.from({ length: 50 }, newId);
    for (const each of ids) {
      const request = requestWith(...[...jar].map((pair) => pair.join('=')));
      for (const cookie of binding.bind(request, each)) {
        const [name = '', value = ''] = sentBack(cookie).split(/=(.*)/s);
        if (cookie.includes('Max-Age=0')) jar.delete(name);
        else jar.set(name, value);
      }
      expect(jar.size).toBeLessThanOrEqual(6);
    }
    const request = requestWith(...[...jar].map((pair) => pair.join('=')));
    expect(ids.filter((each) => binding.isBound(request, each))).toEqual(ids.slice(-6));
    expect(String(request.headers['cookie']).length).toBeLessThan(1500);
  });

  it('removes surplus cookies under their own names and attributes, and touches no others', () => {
    const cookies = Array.from({ length: 8 }, (_, index) => `__Host-gatehouse-tag-sign-in-old${index}=x`);
    const answer = binding.bind(requestWith('session=of-the-application', ...cookies), id);
    expect(answer.slice(0, -1)).toEqual(
      ['old0', 'old1', 'old2'].map(
        (name) => `__Host-gatehouse-tag-sign-in-${name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure`,
      ),
    );
  });
});
