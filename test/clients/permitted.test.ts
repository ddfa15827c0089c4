import { describe, expect, it } from 'vitest';
import { permittedResource, permittedScopes } from '../../src/clients/permitted.js';

const scopes = new Map(['tools', 'notes', 'admin'].map((scope) => [scope, 'words']));
const resource = { scopes, defaultScopes: ['tools'] };
const limitedTo = (...list: string[]) => ({ limits: { scopes: list } });

describe('the scopes that a client gets', () => {
  it.each([
    ['nobody limits', {}, [], ['tools']],
    ['nobody limits', { limits: {} }, ['admin', 'unknown'], ['admin']],
    ['may have two', limitedTo('tools', 'notes'), [], ['tools']],
    ['may have two', limitedTo('tools', 'notes'), ['notes', 'admin'], ['notes']],
    ['may have two', limitedTo('tools', 'notes'), ['admin'], ['tools']],
    ['may have two', limitedTo('tools', 'notes'), ['notes', 'tools'], ['notes', 'tools']],
    ['may have none of the defaults', limitedTo('notes', 'admin'), [], ['notes', 'admin']],
    ['may have none of the defaults', limitedTo('notes', 'admin'), ['tools'], ['notes', 'admin']],
    ['may have none of the defaults', limitedTo('notes', 'admin'), ['admin'], ['admin']],
  ])('when it %s (%j) and asks for %j', (_, client, requested, granted) => {
    expect(permittedScopes(requested, resource, client)).toEqual(granted);
  });

  it('are none when the resource has none, or gives none to those that do not ask', () => {
    expect(permittedScopes(['tools'], { scopes: new Map(), defaultScopes: [] }, limitedTo('notes'))).toEqual([]);
    expect(permittedScopes([], { scopes, defaultScopes: [] }, {})).toEqual([]);
  });

  it('cannot be none where it may have none of those that there are', () => {
    const attempt = () => permittedScopes(['tools'], resource, limitedTo('elsewhere'));
    expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_scope' }) as Error);
  });
});

describe('the resource that a client gets', () => {
  const resources = new Map(['https://a.example/mcp', 'https://b.example/mcp'].map((url) => [url, { url }]));
  const only = (...list: string[]) => ({ limits: { resources: list } });

  it('is the first one, or its own first one', () => {
    expect(permittedResource([], resources, {}).url).toBe('https://a.example/mcp');
    expect(permittedResource([], resources, only('https://b.example/mcp')).url).toBe('https://b.example/mcp');
  });

  it('is what it asks for, where it may', () => {
    const both = only('https://b.example/mcp', 'https://a.example/mcp');
    expect(permittedResource(['https://A.example/mcp/'], resources, both).url).toBe('https://a.example/mcp');
    const attempt = () => permittedResource(['https://a.example/mcp'], resources, only('https://b.example/mcp'));
    expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_target' }) as Error);
  });

  it('is none where none is left', () => {
    for (const [all, client] of [
      [new Map<string, { url: string }>(), {}],
      [resources, only('https://gone.example/mcp')],
    ] as const) {
      const attempt = () => permittedResource([], all, client);
      expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_target' }) as Error);
    }
  });
});
