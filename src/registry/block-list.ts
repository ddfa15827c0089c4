import type { Block } from './registry-document.js';

/** What is blocked, made for looking it up. */
export interface BlockList {
  /** Tells whether there are blocks of hosts, which cost more to look for. */
  readonly hasHosts: boolean;
  /** Tells whether a client is blocked by its id. */
  coversId(clientId: string): boolean;
  /** Tells whether the host of one of these URIs is blocked, or one that it is a subdomain of. */
  coversHostOf(uris: readonly string[]): boolean;
}

/** Makes blocks ready to be looked up. */
export function createBlockList(blocks: readonly Block[]): BlockList {
  const ids = new Set(blocks.flatMap((block) => ('clientId' in block ? [registrationOf(block.clientId)] : [])));
  const hosts = new Set(blocks.flatMap((block) => ('host' in block ? [block.host] : [])));
  return {
    hasHosts: hosts.size > 0,
    coversId: (clientId) => ids.size > 0 && ids.has(registrationOf(clientId)),
    coversHostOf: (uris) => hosts.size > 0 && uris.some((uri) => domainsOf(uri).some((domain) => hosts.has(domain))),
  };
}

/**
 * The part of an id that stays when a client registers the same once more under another secret of this server; any
 * other id as it is.
 */
function registrationOf(clientId: string): string {
  return /^[\w-]{1,16}\.([\w-]+)\.[\w-]{22}$/.exec(clientId)?.[1] ?? clientId;
}

/** The host of a web address and the domains above it; an address of numbers is only itself, and an app has no host. */
function domainsOf(uri: string): readonly string[] {
  if (!/^https?:/i.test(uri) || !URL.canParse(uri)) return [];
  const { hostname } = new URL(uri);
  if (/[[\]:]|^[\d.]+$/.test(hostname)) return [hostname];
  const labels = hostname.split('.');
  return labels.map((_, index) => labels.slice(index).join('.'));
}

/**
 * Reads the host that is to be blocked, in its usual spelling; undefined where the text is none, or is a whole top-level
 * domain.
 */
export function blockableHost(text: string): string | undefined {
  // Nothing but a host: of a URL the rest would be left out, and more be blocked than was written.
  if (text.length > 253 || !/^(?:[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*|\[[0-9a-f:.]+\])$/iu.test(text))
    return undefined;
  if (!URL.canParse(`https://${text}/`)) return undefined;
  const { hostname } = new URL(`https://${text}/`);
  return hostname === 'localhost' || /[.[]/.test(hostname) ? hostname : undefined;
}
