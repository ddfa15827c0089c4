import ipaddr from 'ipaddr.js';
import type { HttpRequest } from './message.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/** Names of ranges that a proxy is often in. */
const namedRanges: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'], // RFC 1918, RFC 4193
};

/** Where a peer is no stranger from the Internet, as `ipaddr.js` calls it. */
const ownNetworks = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat']);

/** How much of the header is read, from its end: the hops of an honest request take a tenth of it. */
const maxHeaderLength = 2048;
const maxEntryLength = 64;

/** Whether a text names proxies: `loopback`, `private`, an address, or a range such as `10.0.0.0/8`. */
export function isProxyRange(text: string): boolean {
  return rangesOf(text) !== undefined;
}

/**
 * Finds out which address a request comes from.
 *
 * Of `X-Forwarded-For` only what trusted proxies have written counts: it is walked from the right for as long as the
 * hop that wrote the next entry is trusted. What is no address ends the walk at the last trusted hop. `Forwarded`
 * (RFC 7239) is never read: a proxy passes on untouched, as the client made it up, whichever of the two it does not write.
 *
 * @param trusted - what {@link isProxyRange} knows; with none, no header is read
 * @param onStrangeProxy - told when a peer that is not on the Internet forwards for somebody, and is not trusted
 */
export function createClientAddress(
  trusted: readonly string[],
  onStrangeProxy: () => void,
): (request: Pick<HttpRequest, 'ip' | 'headers'>) => string | undefined {
  const ranges = trusted.flatMap((text) => rangesOf(text) ?? []);
  const isTrusted = (address: Address) => ranges.some((range) => isWithinRange(address, range));

  return ({ ip = '', headers }) => {
    const { 'x-forwarded-for': header = '' } = headers;
    if (header === '') return plainAddress(ip);
    const peer = parseAddress(ip);
    if (!peer) return undefined;
    const forwarded = [header].flat().join(',');
    if (forwarded !== '' && !isTrusted(peer) && ownNetworks.has(peer.range())) onStrangeProxy();
    let client: Address = peer;
    for (const entry of entriesFromRight(forwarded)) {
      const next: Address | undefined = isTrusted(client) ? parseAddress(entry) : undefined;
      if (!next) break;
      client = next;
    }
    return client.toString();
  };
}

/** Four decimal numbers as everybody writes them; of a socket for both families, in IPv6's clothes. */
const plainIpv4 = /^(?:::ffff:)?((?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4})$/;

/** An address in its one spelling. Most need no more than a look: to take one apart costs as much as a look into the store. */
function plainAddress(text: string): string | undefined {
  return plainIpv4.exec(text)?.[1] ?? parseAddress(text)?.toString();
}

/** What an address counts as: an IPv6 one as the /64 that it is in, in which a single machine has all addresses. */
export function networkOf(address: string): string {
  if (plainIpv4.test(address)) return address;
  const parsed = ipaddr.parse(address);
  if (!(parsed instanceof ipaddr.IPv6)) return address;
  return `${new ipaddr.IPv6([...parsed.parts.slice(0, 4), 0, 0, 0, 0]).toString()}/64`;
}

/** The neighbourhood of an address, which tells an operator enough, and names nobody. */
export function neighbourhoodOf(address: string): string {
  const parsed = ipaddr.parse(address);
  const length = parsed instanceof ipaddr.IPv6 ? 48 : 24;
  const network = (parsed instanceof ipaddr.IPv6 ? ipaddr.IPv6 : ipaddr.IPv4).networkAddressFromCIDR(
    `${address}/${length}`,
  );
  return `${network.toString()}/${length}`;
}

/** Reads an address as sockets and proxies write it: with a port, in brackets, with a zone, IPv4 in IPv6's clothes. */
function parseAddress(text: string): Address | undefined {
  if (text.length > maxEntryLength) return undefined;
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  // Four decimal numbers only: to some parsers 0177.0.0.1 and 2130706433 are 127.0.0.1.
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare);
  const withoutZone = bare.replace(/%.*$/, '');
  if (!ipaddr.IPv6.isValid(withoutZone)) return undefined;
  const parsed = ipaddr.IPv6.parse(withoutZone);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed;
}

function entriesFromRight(header: string): string[] {
  const entries = header.slice(-maxHeaderLength).split(',');
  // What was cut may look like another address.
  if (header.length > maxHeaderLength) entries.shift();
  return entries.map((entry) => entry.trim()).reverse();
}

function rangesOf(text: string): Range[] | undefined {
  const named = Object.hasOwn(namedRanges, text) ? namedRanges[text] : undefined;
  if (named) return named.flatMap((each) => rangesOf(each) ?? []);
  const [address = '', length, ...rest] = text.split('/');
  const parsed = parseAddress(address);
  // As it is written, or nobody can tell what was meant: no port, no zone, no IPv4 in IPv6's clothes.
  if (!parsed || /[[\]%]|\..*:|:.*\./.test(address) || rest.length > 0) return undefined;
  if (parsed.kind() === 'ipv4' && address.includes(':')) return undefined;
  const bits = parsed.kind() === 'ipv4' ? 32 : 128;
  if (length === undefined) return [[parsed, bits]];
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : 0;
  // A range of everything would let anybody say where they are.
  return prefix >= 1 && prefix <= bits ? [[parsed, prefix]] : undefined;
}

function isWithinRange(address: Address, [network, prefix]: Range): boolean {
  return address.kind() === network.kind() && address.match(network, prefix);
}
