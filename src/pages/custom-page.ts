import type { HttpReply } from '../http/message.js';
import type { Brand } from './brand.js';
import { protection } from './headers.js';

/** What a function that makes a page has to know beside what the page says. */
export interface PageContext {
  /** The language of the person, among those that the pages have. */
  readonly language: string;
  readonly direction: 'ltr' | 'rtl';
  readonly brand: Brand;
  /** For `<style nonce>` and `<script nonce>`: without it, what stands in the page itself is not used. New each time. */
  readonly nonce: string;
}

/** What the headers of an application's page depend on. */
export interface CustomPage {
  readonly status: number;
  readonly nonce: string;
  readonly language: string;
  readonly hasForm?: boolean;
  readonly leadsOn?: boolean;
  readonly headers?: HttpReply['headers'] | undefined;
}

/**
 * Sends a page that an application has made, under headers that it cannot weaken: it may use what comes from its own
 * origin or bears its nonce, and nobody may frame it.
 */
export function customPage(
  document: string,
  { status, nonce, language, headers = {}, ...kind }: CustomPage,
): HttpReply {
  const own = `'self' 'nonce-${nonce}'`;
  const policy = `default-src 'self'; script-src ${own}; style-src ${own}; img-src 'self' data:; object-src 'none'`;
  const said = { 'content-language': language, vary: 'Accept-Language' };
  return { status, headers: { ...said, ...headers, ...protection({ policy, ...kind }) }, body: document };
}
