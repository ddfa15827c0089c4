import { FetchFault, systemCodeOf } from '../clients/fetch-fault.js';

/** Sends a web-standard request, as the global `fetch` does. */
export type WebFetch = (url: string, init: RequestInit) => Promise<Response>;

/** Asks the authorization server something that it answers with JSON. */
export type AskIssuer = (url: string, init?: RequestInit) => Promise<Record<string, unknown>>;

/** Seconds from the question to the last byte of the answer. */
const timeout = 5;
const maxBytes = 256 * 1024;

/**
 * Makes questions that are bounded in time and size, and follow no redirect: that would take a key of this resource
 * server to wherever it points.
 *
 * @throws {FetchFault} when there is no whole answer of status 200 that is a JSON object
 */
export function createAskIssuer(fetch: WebFetch): AskIssuer {
  return async (url, init = {}) => {
    const deadline = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new FetchFault('TIMEOUT'));
        deadline.abort();
      }, timeout * 1000);
    });
    try {
      // A `fetch` that was handed in may not listen to the signal.
      return await Promise.race([ask(fetch, url, { ...init, signal: deadline.signal }), late]);
    } catch (error) {
      throw faultOf(error);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function ask(fetch: WebFetch, url: string, init: RequestInit): Promise<Record<string, unknown>> {
  const headers = { accept: 'application/json', ...(init.headers as Record<string, string> | undefined) };
  const response = await fetch(url, { ...init, headers, redirect: 'manual' });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new FetchFault(`STATUS_${response.status}`);
  }
  return objectOf(await textOf(response));
}

async function textOf({ body }: Response): Promise<string> {
  if (!body) return '';
  const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.length;
    if (size > maxBytes) {
      await reader.cancel();
      throw new FetchFault('TOO_LARGE');
    }
    text += decoder.decode(read.value, { stream: true });
  }
  return text + decoder.decode();
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const document: unknown = JSON.parse(text);
    if (typeof document === 'object' && document !== null) return document as Record<string, unknown>;
  } catch {
    // Falls through: whatever it is, it is not what was asked for.
  }
  throw new FetchFault('NOT_JSON');
}

/** Says what went wrong in a few known words: the messages of HTTP clients quote what was sent. */
function faultOf(error: unknown): FetchFault {
  if (error instanceof FetchFault) return error;
  if (!(error instanceof Error)) return new FetchFault('FAILED');
  // The global `fetch` of Node hides the system's error behind one of its own.
  return new FetchFault(systemCodeOf(error.cause instanceof Error ? error.cause : error));
}
