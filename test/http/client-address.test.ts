import { describe, expect, it } from 'vitest';
import { createClientAddress, isProxyRange, neighbourhoodOf, networkOf } from '../../src/http/client-address.js';

const stranger = '198.51.100.7';
const client = '203.0.113.9';

/** Who is taken for the client when `peer` sends such a header, and whether the operator is warned. */
function walk(trusted: string[], peer: string | undefined, header?: string | string[]) {
  let warned = false;
  const clientAddress = createClientAddress(trusted, () => (warned = true));
  const address = clientAddress({ ip: peer, headers: header === undefined ? {} : { 'x-forwarded-for': header } });
  return { address, warned };
}

describe('the address of a client', () => {
  it('is that of the peer, whatever the headers say, while no proxy is trusted', () => {
    expect(walk([], stranger, client)).toEqual({ address: stranger, warned: false });
    const clientAddress = createClientAddress([], () => undefined);
    const headers = { forwarded: `for=${client}`, 'x-real-ip': client, 'cf-connecting-ip': client, via: client };
    expect(clientAddress({ ip: stranger, headers })).toBe(stranger);
  });

  it('is that of the peer when this is none of the trusted ones', () => {
    expect(walk(['10.0.0.0/8'], stranger, client).address).toBe(stranger);
  });

  it('is what the trusted proxy has written, which is the last entry, and not what the client made up before it', () => {
    expect(walk(['10.0.0.0/8'], '10.0.0.1', `1.1.1.1, 10.0.0.9, ${client}`).address).toBe(client);
  });

  it('is found behind several proxies, as far as they are trusted', () => {
    const trusted = ['loopback', '10.0.0.0/8', '192.0.2.1'];
    expect(walk(trusted, '127.0.0.1', `1.1.1.1, ${client},192.0.2.1 , 10.1.1.1`).address).toBe(client);
    expect(walk(trusted, '::1', `${client}, 192.0.2.2, 10.1.1.1`).address).toBe('192.0.2.2');
    expect(walk(trusted, '127.0.0.1', [`1.1.1.1, ${client}`, '10.1.1.1']).address).toBe(client);
  });

  it('is that of the last trusted hop when nothing, or nothing usable, stands before it', () => {
    expect(walk(['10.0.0.0/8'], '10.0.0.1').address).toBe('10.0.0.1');
    expect(walk(['10.0.0.0/8'], '10.0.0.1', '10.0.0.3, 10.0.0.2').address).toBe('10.0.0.3');
    const junk = [
      'unknown',
      '_hidden',
      '',
      ' ',
      '300.1.1.1',
      '0177.0.0.1',
      '2130706433',
      '1.1.1',
      'a'.repeat(500),
      '[::1',
    ];
    for (const each of junk) {
      expect([each, walk(['10.0.0.0/8'], '10.0.0.1', `${client}, ${each}`).address]).toEqual([each, '10.0.0.1']);
      expect(walk(['10.0.0.0/8'], '10.0.0.1', `${client}, ${each}, 10.0.0.2`).address).toBe('10.0.0.2');
    }
  });

  it('is read with a port, in brackets, with a zone, and in IPv6 where it is IPv4', () => {
    const seen = (entry: string) => walk(['private'], '::ffff:10.0.0.1', entry).address;
    expect(seen(`${client}:51234`)).toBe(client);
    expect(seen('[2001:db8::1]:443')).toBe('2001:db8::1');
    expect(seen('[2001:DB8:0::1]')).toBe('2001:db8::1');
    expect(seen('fe80::1%eth0')).toBe('fe80::1');
    expect(seen(`::ffff:${client}`)).toBe(client);
    expect(seen('::ffff:cb00:7109')).toBe(client);
    expect(walk([], `::ffff:${client}`).address).toBe(client);
  });

  it('is read from the end of a header that is too long, and never from an address that was cut', () => {
    const hops = '10.0.0.2,'.repeat(100_000);
    expect(walk(['private'], '10.0.0.1', `${client},${hops}10.0.0.2`).address).toBe('10.0.0.2');
    // Exactly so long that the cut would leave 1.1.1.1 of 11.1.1.1.
    const tail = `,10.0.0.2${' '.repeat(2048 - '1.1.1.1,10.0.0.2'.length)}`;
    expect(walk(['private'], '10.0.0.1', `11.1.1.1${tail}`).address).toBe('10.0.0.2');
  });

  it('is unknown where nobody has said who the peer is', () => {
    expect(walk(['loopback', 'private'], undefined, client).address).toBeUndefined();
    expect(walk(['loopback', 'private'], 'nobody', client).address).toBeUndefined();
  });

  it('comes with a warning when a proxy in the own network is not trusted; strangers cannot cause it', () => {
    expect(walk([], '10.0.0.1', client)).toEqual({ address: '10.0.0.1', warned: true });
    expect(walk(['10.0.0.1'], '::1', client)).toEqual({ address: '::1', warned: true });
    expect(walk(['10.0.0.1'], '10.0.0.1', client).warned).toBe(false);
    expect(walk([], '10.0.0.1').warned).toBe(false);
  });
});

describe('a range of proxies', () => {
  it.each(['loopback', 'private', '10.0.0.0/8', '10.0.0.1', '10.0.0.1/32', '2001:db8::/32', '::1', 'fd00::1/128'])(
    'may be %j',
    (text) => expect(isProxyRange(text)).toBe(true),
  );

  it.each(
    '|everybody|0.0.0.0/0|::/0|10.0.0.0/33|10.0.0.0/-1|10.0.0.0/8/8|10.0.0.0/|10.0.0/8|10.0.0.1:80|[::1]|fe80::1%eth0|::ffff:10.0.0.1|::ffff:10.0.0.0/104|*|Loopback|__proto__|constructor|proxy.example'.split(
      '|',
    ),
  )('may not be %j', (text) => expect(isProxyRange(text)).toBe(false));
});

describe('what an address counts as', () => {
  it('is the address in IPv4, and its /64 in IPv6', () => {
    expect(networkOf('203.0.113.9')).toBe('203.0.113.9');
    expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(networkOf('2001:db8:1:2::1')).toBe(networkOf('2001:db8:1:2:ffff:ffff:ffff:ffff'));
    expect(networkOf('2001:db8:1:3::1')).not.toBe(networkOf('2001:db8:1:2::1'));
  });

  it('is told to operators as the neighbourhood that it is in', () => {
    expect(neighbourhoodOf('203.0.113.9')).toBe('203.0.113.0/24');
    expect(neighbourhoodOf('2001:db8:1:2:3::1')).toBe('2001:db8:1::/48');
  });
});
