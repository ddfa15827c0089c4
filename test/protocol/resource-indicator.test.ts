import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalResource, findResource } from '../../src/protocol/resource-indicator.js';

describe('the one spelling of a resource', () => {
  it.each([
    ['https://mcp.example/mcp', 'https://mcp.example/mcp'],
    ['https://mcp.example/mcp/', 'https://mcp.example/mcp'],
    ['HTTPS://MCP.Example:443/mcp', 'https://mcp.example/mcp'],
    ['https://mcp.example', 'https://mcp.example'],
    ['https://mcp.example/', 'https://mcp.example'],
    ['http://localhost:3000/MCP', 'http://localhost:3000/MCP'],
  ])('%s is %s', (text, spelling) => {
    expect(canonicalResource(text)).toBe(spelling);
    expect(canonicalResource(spelling)).toBe(spelling);
  });

  it.each([
    'mcp.example',
    '//mcp.example',
    'ftp://mcp.example',
    'https://mcp.example/a?b',
    'https://mcp.example/a#b',
    'https://a@mcp.example',
    'https://mcp.example\\@evil.example',
    'https://mcp.example/a b',
    'https://mcp.example/a\tb',
    'https:/mcp.example',
    'https://',
    '',
    `https://mcp.example/${'a'.repeat(2048)}`,
  ])('%j has none', (text) => {
    expect(canonicalResource(text)).toBeUndefined();
  });
});

describe('the resource that is meant', () => {
  const one = ['https://mcp.example/mcp'] as const;
  const two = ['https://mcp.example/mcp', 'https://mcp.example/other'] as const;

  it('is the only one below an origin, where the origin is named', () => {
    expect(findResource(['https://mcp.example'], [...one])).toBe(one[0]);
    expect(() => findResource(['https://mcp.example'], [...two])).toThrow('not served');
  });

  it('is never one whose name only begins alike', () => {
    expect(() => findResource(['https://mcp.example/mcp2'], [...one])).toThrow('not served');
    expect(() => findResource(['https://mcp.example.evil/mcp'], [...one])).toThrow('not served');
    expect(() => findResource(['https://mcp.example/mcp/../other'], [...one])).toThrow('not served');
  });
});

const segment = fc.constantFrom('mcp', 'MCP', 'mcp2', 'admin', 'a-b', '%2e', 'x.y');
const path = fc.array(segment, { maxLength: 3 }).map((parts) => parts.map((part) => `/${part}`).join(''));
const origin = fc.constantFrom(
  ...['https://mcp.example', 'https://mcp.example:8443', 'http://localhost:3000', 'https://mcp.example.evil'],
);
const resource = fc.tuple(origin, path).map(([before, after]) => before + after.replaceAll('/%2e', ''));
const resources = fc.uniqueArray(resource, { minLength: 1, maxLength: 4 }) as fc.Arbitrary<[string, ...string[]]>;
const seeded = { seed: 8707, numRuns: 1000 };

const answerOf = (requested: readonly string[], known: [string, ...string[]]) => {
  try {
    return findResource(requested, known);
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

describe('any resource at all', () => {
  it('has at most one spelling, which is its own, names the same host, and hides nothing', () => {
    const piece = fc.constantFrom(
      ...['https://', 'HTTP://', 'mcp.example', '127.0.0.1', ':443', ':80', '/', '//', '\\', '@', '#', '?', '..'],
      ...['.', '%2e', '%2F', '\t', '\n', ' ', 'é', '[::1]', '0x7f.1', 'mcp', 'user:pw'],
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(text, (each) => {
        const spelling = canonicalResource(each);
        if (spelling === undefined) return;
        expect(canonicalResource(spelling)).toBe(spelling);
        expect(spelling).toMatch(/^https?:\/\/[^/?#@\s\\]+(?:\/[^?#@\s\\]*[^/?#@\s\\])?$/);
        expect(new URL(spelling).origin).toBe(new URL(each).origin);
        expect(spelling.startsWith(new URL(spelling).origin)).toBe(true);
      }),
      { ...seeded, numRuns: 3000 },
    );
  });

  it('is the same in the ways in which clients spell it, and no other is', () => {
    const spelled = fc.record({ upper: fc.boolean(), port: fc.boolean(), slashes: fc.nat(2) });
    fc.assert(
      fc.property(resource, resource, spelled, (one, other, { upper, port, slashes }) => {
        const { protocol, host, pathname } = new URL(one);
        const usualPort = port && !/:\d+$/.test(host) ? { 'https:': ':443', 'http:': ':80' }[protocol] : '';
        const start = `${protocol}//${host}${usualPort ?? ''}`;
        const text = (upper ? start.toUpperCase() : start) + pathname.replace(/\/$/, '') + '/'.repeat(slashes);
        expect(canonicalResource(text)).toBe(one);
        if (one !== other) expect(canonicalResource(other)).not.toBe(canonicalResource(text));
      }),
      seeded,
    );
  });

  it('means one that is served, or none; itself where it is served; and never one on another host', () => {
    fc.assert(
      fc.property(resources, fc.oneof(resource, fc.webUrl(), fc.string()), (known, requested) => {
        for (const each of known) expect(findResource([each], known)).toBe(each);
        expect(findResource([], known)).toBe(known[0]);
        const meant = answerOf([requested], known);
        if (meant === 'invalid_target') return;
        expect(known).toContain(meant);
        const [served, wanted] = [new URL(String(meant)), new URL(requested)];
        expect(served.origin).toBe(wanted.origin);
        // Its own path, one below it, or nothing but the origin.
        const below = `${wanted.pathname}/`.startsWith(`${served.pathname.replace(/\/$/, '')}/`);
        expect(below || wanted.pathname === '/').toBe(true);
      }),
      seeded,
    );
  });

  it('is one for all that are named, whatever their order, or the target is invalid', () => {
    fc.assert(
      fc.property(resources, fc.array(resource, { minLength: 1, maxLength: 4 }), (known, requested) => {
        const together = answerOf(requested, known);
        expect(answerOf([...requested].reverse(), known)).toBe(together);
        const apart = new Set(requested.map((each) => answerOf([each], known)));
        expect(together).toBe(apart.size === 1 ? [...apart][0] : 'invalid_target');
      }),
      seeded,
    );
  });
});
