import { createSign, type KeyObject } from 'node:crypto';

type Json = Record<string, unknown>;

/** One part of a token, taken apart. */
function part(token: string, index: number): Json {
  return JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()) as Json;
}

export const headerOf = (token: string) => part(token, 0);
export const claimsOf = (token: string) => part(token, 1);

export const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with any header and any claims, signed as somebody says who may be nobody. */
export function forge(header: Json, claims: Json, signWith: (input: string) => string): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${signWith(input)}`;
}

/** Signs ES256 with a private key. */
export function es256(key: KeyObject): (input: string) => string {
  return (input) => createSign('sha256').update(input).sign({ key, dsaEncoding: 'ieee-p1363' }, 'base64url');
}
