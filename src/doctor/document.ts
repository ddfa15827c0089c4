import { isAnswer, type Outcome } from './ask.js';
import { isRedirect, mediaType } from './wording.js';
import type { Probe } from './probe.js';

/** A JSON object of somebody else's making. */
export type Json = Readonly<Record<string, unknown>>;

/** What was found at a path where clients look for a document. */
export interface FoundDocument {
  readonly url: string;
  /** What a client gets. */
  readonly outcome: Outcome;
  /** What the server itself says now, where anything is said in JSON. */
  readonly document: Json | undefined;
  /** Whether clients get another one than the server has. */
  readonly isStale: boolean;
}

/** Reads a JSON object, where an answer has one. */
export function jsonOf(outcome: Outcome): Json | undefined {
  if (!isAnswer(outcome) || !outcome.isWhole) return undefined;
  try {
    const value: unknown = JSON.parse(outcome.text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** A member that is text, and neither empty nor absurdly long. */
export function textIn(document: Json | undefined, name: string): string | undefined {
  const value = document?.[name];
  return typeof value === 'string' && value !== '' && value.length <= 4096 ? value : undefined;
}

/** The texts in a member that is a list. */
export function listIn(document: Json | undefined, name: string): readonly string[] {
  const value: unknown = document?.[name];
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

/** A member that is a URL of the web. */
export function urlIn(document: Json | undefined, name: string): string | undefined {
  const text = textIn(document, name);
  return text !== undefined && isWebUrl(text) ? text : undefined;
}

/** Tells whether text is a URL that can be asked. */
export function isWebUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

/** Gets a document as a client does, and past caches, which tells whether clients get an old one. */
export async function findDocument(probe: Probe, url: string): Promise<FoundDocument> {
  const headers = { accept: 'application/json', 'mcp-protocol-version': '2025-06-18' };
  const [outcome, fresh] = await Promise.all([probe.ask({ url, headers }), probe.askFresh({ url, headers })]);
  const seen = isOk(outcome) ? jsonOf(outcome) : undefined;
  const current = isOk(fresh) ? jsonOf(fresh) : undefined;
  const isStale = seen !== undefined && current !== undefined && JSON.stringify(seen) !== JSON.stringify(current);
  return { url, outcome, document: isStale ? current : seen, isStale };
}

function isOk(outcome: Outcome): boolean {
  return isAnswer(outcome) && outcome.status === 200;
}

/** What a client minds of an answer that should be a JSON document; nothing where it is one. */
export function faultOfDocument(outcome: Outcome): string | undefined {
  if (!isAnswer(outcome)) return 'nothing came back';
  if (isRedirect(outcome)) return 'clients do not follow redirects there';
  if (outcome.status !== 200) return 'there should be a document';
  if (jsonOf(outcome) === undefined) return 'that is no JSON';
  return mediaType(outcome) === 'application/json' ? undefined : 'the content type should be application/json';
}
