import { isAnswer, type Answer, type Outcome } from './ask.js';

const maxShown = 160;

/**
 * Makes text of a server fit for a terminal: a hostile one could move the cursor, change what stands there, or write from
 * right to left.
 */
export function shown(text: string, length = maxShown): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return plain.length > length ? `${plain.slice(0, length - 1)}…` : plain;
}

/** A URL without its query, in which there may be what nobody else shall read. */
export function shownUrl(url: string): string {
  const end = url.search(/[?#]/);
  return shown(end < 0 ? url : `${url.slice(0, end)}?…`);
}

const silences: Readonly<Record<string, string>> = {
  TIMEOUT: 'did not answer in time',
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'closed the connection without an answer',
  ENOTFOUND: 'is a name that no address belongs to',
  EAI_AGAIN: 'is a name that could not be looked up',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  HPE_HEADER_OVERFLOW: 'sent more than 64 KB of headers',
  UPGRADE: 'answered with another protocol than HTTP',
  EPROTO: 'does not speak TLS on this port',
  INTERRUPTED: 'was not waited for',
  SKIPPED: 'was not asked any more, after so many requests without an answer',
};

/** What became of a request, as the second half of a sentence. */
export function described(outcome: Outcome): string {
  if (!isAnswer(outcome)) {
    const { silence } = outcome;
    return silences[silence] ?? `gave no answer that is HTTP (${shown(silence, 60)})`;
  }
  const location = outcome.headers.get('location');
  if (isRedirect(outcome) && location !== undefined) {
    return `answered ${outcome.status}, a redirect ${describedRedirect(outcome.url, location)}`;
  }
  return `answered ${[`${outcome.status}`, describedBody(outcome), describedFilter(outcome)].filter(Boolean).join(', ')}`;
}

/** Tells whether an answer sends its client elsewhere. */
export function isRedirect({ status }: Answer): boolean {
  return status >= 300 && status < 400 && status !== 304;
}

/** The media type of an answer, without its parameters. */
export function mediaType({ headers }: Answer): string {
  return (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

function describedBody(answer: Answer): string {
  const type = mediaType(answer);
  if (type === '') return answer.text === '' ? 'without a body' : 'without a content type';
  const title = /<title[^>]*>([^<]*)/i.exec(answer.text)?.[1];
  return type === 'text/html' && title ? `an HTML page (“${shown(title, 60)}”)` : shown(type, 60);
}

/** Who answered in the server's place, where that can be told. */
function describedFilter({ headers, status }: Answer): string {
  const server = headers.get('server') ?? '';
  if (headers.has('cf-mitigated')) return 'a challenge of Cloudflare';
  return status >= 400 && server !== '' ? `from ${shown(server, 40)}` : '';
}

function describedRedirect(from: string, location: string): string {
  if (!URL.canParse(location, from)) return `to “${shown(location, 80)}”, which is no URL`;
  const [source, target] = [new URL(from), new URL(location, from)];
  const to = `to ${shownUrl(target.href)}`;
  if (target.protocol !== source.protocol && target.hostname === source.hostname)
    return `to ${target.protocol.slice(0, -1)} (${shownUrl(target.href)})`;
  if (target.hostname === `www.${source.hostname}` || source.hostname === `www.${target.hostname}`)
    return `${to}, the same host with or without www`;
  if (target.host !== source.host) return `${to}, another host`;
  if (target.pathname.replace(/\/$/, '') === source.pathname.replace(/\/$/, '') && target.pathname !== source.pathname)
    return `${to}, which differs by a slash at the end`;
  return /log-?in|sign-?in|auth/i.test(target.pathname) ? `${to}, a sign-in page it seems` : to;
}

/** A URL's path, as the subject of a sentence. */
export function pathOf(url: string): string {
  return URL.canParse(url) ? shown(new URL(url).pathname) : shown(url);
}
