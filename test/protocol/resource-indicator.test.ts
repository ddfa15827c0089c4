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
