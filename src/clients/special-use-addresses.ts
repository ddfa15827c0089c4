import ipaddr from 'ipaddr.js';

/**
 * Tells whether an address, as `node:dns` or `node:net` spells it, is an ordinary one of the public Internet.
 *
 * Everything else is refused (RFC 6890 and the IANA registries that it began): this computer, its network, the
 * metadata service of its cloud, and every IPv6 address that an IPv4 address is wrapped in, since what unwraps it
 * decides where the packet goes.
 */
export function isPublicAddress(address: string): boolean {
  // Four decimal numbers only: to some parsers 0177.0.0.1 and 2130706433 are 127.0.0.1.
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) {
    const parsed = ipaddr.IPv4.parse(address);
    return parsed.range() === 'unicast' && parsed.toString() === address && address !== azureWireServer;
  }
  // A zone such as %eth0 belongs to link-local addresses.
  if (address.includes('%') || !ipaddr.IPv6.isValid(address)) return false;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.range() === 'unicast' && isGlobalUnicast(parsed) && !isIsatap(parsed);
}

/** The host services of every Azure machine, at an address that looks like anybody's. */
const azureWireServer = '168.63.129.16';

/** What IANA has given out (RFC 4291 §2.4): the rest is unassigned, or an embedding such as `::127.0.0.1`. */
function isGlobalUnicast(address: ipaddr.IPv6): boolean {
  return address.match(ipaddr.IPv6.parse('2000::'), 3);
}

/** RFC 5214 §6.1: any prefix, and an IPv4 address behind `0000:5efe` or `0200:5efe`. */
function isIsatap({ parts }: ipaddr.IPv6): boolean {
  return ((parts[4] ?? 0) & 0xfdff) === 0 && parts[5] === 0x5efe;
}
