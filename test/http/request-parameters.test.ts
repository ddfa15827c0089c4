import { describe, expect, it, vi } from 'vitest';
import { readForm } from '../../src/http/body.js';
import type { HttpBody, HttpRequest } from '../../src/http/message.js';
import { hasFormField, withParameter } from '../../src/http/request-parameters.js';
import { parseParameters } from '../../src/protocol/parameters.js';

const request = (query: string, body: HttpBody = { kind: 'none' }): HttpRequest => ({
  id: 'r',
  method: 'POST',
  path: '/',
  query,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body,
  ip: undefined,
});
const form = (text: string): HttpBody => ({ kind: 'bytes', bytes: Buffer.from(text, 'latin1') });

describe('a parameter of ours', () => {
  it.each(['', 'a=1', 'client_id=theirs', 'client%5Fid=theirs&a=1', 'client_id&client_id=x&a=1', 'a=1&client_id='])(
    'takes the place of every one of its name in the query %j and in a form like it',
    (text) => {
      const { query, body } = withParameter(request(text, form(text)), 'client_id', 'ours');
      expect(parseParameters(query).all('client_id')).toEqual(['ours']);
      expect(readForm(request('', body)).all('client_id')).toEqual(['ours']);
      expect(parseParameters(query).get('a')).toBe(text.includes('a=1') ? '1' : undefined);
    },
  );

  it('leaves everything else as it was sent, also what is to be refused later', () => {
    expect(withParameter(request('a=%2F+b&&%zz=1'), 'x', 'y z').query).toBe('a=%2F+b&%zz=1&x=y%20z');
    const { body } = withParameter(request('', form('a=\xff')), 'x', 'y');
    expect(() => readForm(request('', body))).toThrow('UTF-8');
  });

  it('is put into what an application has parsed, without changing that', () => {
    const value = { client_id: ['a', 'b'], code: 'c' };
    const { body } = withParameter(request('', { kind: 'parsed', value }), 'client_id', 'ours');
    expect(readForm(request('', body)).get('client_id')).toBe('ours');
    expect(value.client_id).toEqual(['a', 'b']);
  });

  it('is put into a form that an application has read as text', () => {
    const body: HttpBody = { kind: 'parsed', value: 'client_id=theirs&transaction=ä' };
    expect(hasFormField(request('', body), 'transaction')).toBe(true);
    const form = readForm(request('', withParameter(request('', body), 'client_id', 'ours').body));
    expect([form.all('client_id'), form.get('transaction')]).toEqual([['ours'], 'ä']);
  });

  it.each(['none', 'too large', 'unreadable'] as const)('does not make a body of one that is %s', (kind) => {
    expect(withParameter(request('', { kind }), 'x', 'y').body).toEqual({ kind });
  });
});

describe('a field of a form', () => {
  it('is found however it is spelled and whoever parsed it', () => {
    for (const text of ['transaction=x', 'a=1&transaction=', 'trans%61ction=x']) {
      expect(hasFormField(request('', form(text)), 'transaction')).toBe(true);
    }
    expect(hasFormField(request('', { kind: 'parsed', value: { transaction: '' } }), 'transaction')).toBe(true);
  });

  it('is not found where it is not', () => {
    const others: HttpBody[] = [
      { kind: 'parsed', value: 'a=transaction' },
      form('xtransaction=1'),
      form('{"transaction":1}'),
      { kind: 'none' },
      { kind: 'parsed', value: null },
    ];
    for (const body of others) expect(hasFormField(request('transaction=1', body), 'transaction')).toBe(false);
  });
});

it('a request with too many parameters costs nothing, and is refused by whoever reads it', () => {
  const text = '&%zz'.repeat(16_000);
  const decode = vi.spyOn(globalThis, 'decodeURIComponent');
  const flood = request(text, form(text));
  expect(hasFormField(flood, 'transaction')).toBe(false);
  const { query, body } = withParameter(flood, 'client_id', 'ours');
  expect(decode).not.toHaveBeenCalled();
  decode.mockRestore();
  expect(() => parseParameters(query)).toThrow('too many');
  expect(() => readForm(request('', body))).toThrow('too many');
});
