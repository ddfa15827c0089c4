import { CallToolResultSchema, type CallToolResult as ResultV1 } from '@modelcontextprotocol/sdk/types.js';
import type { CallToolResult as ResultV2 } from '@modelcontextprotocol/server';
import { createAuthError, isAuthError, type AuthErrorResult } from 'mcp-gatehouse';
import { describe, expect, expectTypeOf, it } from 'vitest';

const resourceMetadataUrl = 'https://mcp.example/.well-known/oauth-protected-resource/mcp';
const challengeOf = (result: AuthErrorResult) => result._meta['mcp/www_authenticate'][0] ?? '';

describe('an auth error', () => {
  it('is the tool result that ChatGPT understands', () => {
    expect(createAuthError('Please sign in.', { resourceMetadataUrl })).toEqual({
      content: [{ type: 'text', text: 'Please sign in.' }],
      isError: true,
      _meta: {
        'mcp/www_authenticate': [
          `Bearer error="invalid_token", error_description="Please sign in.", resource_metadata="${resourceMetadataUrl}"`,
        ],
      },
    });
  });

  it('asks for scopes', () => {
    const result = createAuthError('No.', { resourceMetadataUrl, requiredScopes: ['a', 'b c'] });
    expect(challengeOf(result)).toMatch(/^Bearer error="insufficient_scope", error_description="No.", scope="a b c", /);
    const own = { error: 'invalid_token', errorDescription: 'Why.', requiredScopes: ['a'], resourceMetadataUrl };
    expect(challengeOf(createAuthError('No.', own))).toMatch(
      /^Bearer error="invalid_token", error_description="Why.", scope="a", /,
    );
  });

  it('always has an error and a description', () => {
    const said = /^Bearer error="invalid_token", error_description="Authentication is required.", /;
    expect(challengeOf(createAuthError('Пожалуйста, войдите.', { resourceMetadataUrl }))).toMatch(said);
    const blank = { resourceMetadataUrl, error: '', errorDescription: '\n' };
    expect(challengeOf(createAuthError('', blank))).toMatch(said);
  });

  it.each(['message', 'errorDescription', 'error', 'scope'])('cannot be broken out of by its %s', (place) => {
    const hostile = 'x" \\", resource_metadata="https://evil.example/", \r\nSet-Cookie: a\u0000\u2028é, scope=admin';
    const result = createAuthError(place === 'message' ? hostile : 'No.', {
      resourceMetadataUrl,
      ...(place === 'errorDescription' && { errorDescription: hostile }),
      ...(place === 'error' && { error: hostile }),
      ...(place === 'scope' && { requiredScopes: [hostile] }),
    });
    const challenge = challengeOf(result);
    expect(challenge).toMatch(/^Bearer (?:[a-z_]+="[\x20-\x21\x23-\x5b\x5d-\x7e]*"(?:, |$))+$/);
    expect(challenge.match(/[a-z_]+="/g)?.filter((name) => name === 'resource_metadata="')).toHaveLength(1);
    expect(/resource_metadata=(?:"([^"]+)"|([^\s,]+))/.exec(challenge)?.slice(1)).toEqual([
      resourceMetadataUrl,
      undefined,
    ]);
  });

  it('has no URL but one of the web, and that in a safe spelling', () => {
    const hostile = createAuthError('No.', { resourceMetadataUrl: 'https://a.example/"\\\r\n/é' });
    expect(challengeOf(hostile)).toMatch(/resource_metadata="https:\/\/a\.example\/%22\/\/%C3%A9"$/);
    expect(challengeOf(createAuthError('No.', { resourceMetadataUrl: new URL(resourceMetadataUrl) }))).toContain(
      `resource_metadata="${resourceMetadataUrl}"`,
    );
    for (const url of ['', '/.well-known/x', 'javascript:alert(1)']) {
      expect(() => createAuthError('No.', { resourceMetadataUrl: url })).toThrow(TypeError);
    }
  });

  it('is a tool result of both SDK lines', () => {
    expectTypeOf<AuthErrorResult>().toExtend<ResultV1>();
    expectTypeOf<AuthErrorResult>().toExtend<ResultV2>();
    const result = createAuthError('No.', { resourceMetadataUrl });
    expect(CallToolResultSchema.parse(result)).toEqual(result);
  });

  it('is told from every other result', () => {
    const result = createAuthError('No.', { resourceMetadataUrl });
    expect(isAuthError(result)).toBe(true);
    expect(isAuthError(JSON.parse(JSON.stringify(result)))).toBe(true);
    const withMeta = (challenges: unknown) => ({ ...result, _meta: { 'mcp/www_authenticate': challenges } });
    for (const other of [
      undefined,
      null,
      'Bearer',
      [],
      { ...result, isError: false },
      { ...result, isError: 'true' },
      { content: result.content, isError: true },
      { ...result, _meta: null },
      withMeta('Bearer'),
      withMeta([]),
      withMeta(['Bearer', 1]),
    ]) {
      expect(isAuthError(other), JSON.stringify(other)).toBe(false);
    }
  });
});
