import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../src/clients/special-use-addresses.js';

/** The first and the last address of each range, by the registry's name. */
const refused: Record<string, readonly string[]> = {
  'this network (RFC 791)': ['0.0.0.0', '0.0.0.1', '0.255.255.255'],
  'private (RFC 1918)': [
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.0.0',
    '192.168.255.255',
  ],
  'shared (RFC 6598)': ['100.64.0.0', '100.100.100.200', '100.127.255.255'],
  'loopback (RFC 1122)': ['127.0.0.0', '127.0.0.1', '127.255.255.255'],
  'link local, and the metadata services of clouds (RFC 3927)': ['169.254.0.0', '169.254.169.254', '169.254.255.255'],
  'protocol assignments (RFC 6890)': ['192.0.0.0', '192.0.0.8', '192.0.0.170', '192.0.0.192', '192.0.0.255'],
  'documentation (RFC 5737)': ['192.0.2.0', '192.0.2.255', '198.51.100.1', '203.0.113.255'],
  'AS112 and AMT (RFC 7535, RFC 7450)': ['192.31.196.1', '192.52.193.1', '192.175.48.255'],
  'relays of 6to4 (RFC 7526)': ['192.88.99.0', '192.88.99.255'],
  'benchmarking (RFC 2544)': ['198.18.0.0', '198.19.255.255'],
  'multicast (RFC 5771)': ['224.0.0.0', '239.255.255.255'],
  'reserved (RFC 1112) and broadcast': ['240.0.0.0', '255.255.255.254', '255.255.255.255'],
  "the host of an Azure machine, at anybody's address": ['168.63.129.16'],
  'unspecified and loopback (RFC 4291)': ['::', '::1', '0:0:0:0:0:0:0:1'],
  'IPv4-compatible (RFC 4291)': ['::127.0.0.1', '::8.8.8.8', '::808:808'],
  'IPv4-mapped (RFC 4291)': ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '0:0:0:0:0:ffff:808:808'],
  'IPv4-translated (RFC 2765)': ['::ffff:0:7f00:1', '::ffff:0:8.8.8.8'],
  'NAT64 (RFC 6052, RFC 8215)': ['64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::a00:1'],
  'discard (RFC 6666)': ['100::', '100::1', '100:0:0:1::1'],
  'Teredo (RFC 4380)': ['2001::', '2001:0:7f00:1::', '2001:0:ffff:ffff::1'],
  'protocol assignments of IPv6 (RFC 2928)': ['2001:1::1', '2001:2::1', '2001:3::1', '2001:4:112::1', '2001:1ff::1'],
  'ORCHID and DRIP (RFC 4843, RFC 7343, RFC 9374)': ['2001:10::1', '2001:20::1', '2001:2f::1', '2001:30::1'],
  'documentation of IPv6 (RFC 3849, RFC 9637)': ['2001:db8::', '2001:db8:ffff::1', '3fff::1', '3fff:fff:ffff::1'],
  '6to4 (RFC 3056)': ['2002::', '2002:7f00:1::', '2002:a00:1::1', '2002:808:808::1'],
  'AS112 of IPv6 (RFC 7535)': ['2620:4f:8000::1'],
  'ISATAP (RFC 5214)': ['2607:f8b0::5efe:7f00:1', '2607:f8b0::200:5efe:10.0.0.1', '2607:f8b0::5efe:8.8.8.8'],
  'segment routing (RFC 9602)': ['5f00::1'],
  unassigned: ['1::1', '4000::1', '8000::1', 'dfff::1'],
  'unique local (RFC 4193)': ['fc00::', 'fc00::1', 'fd00:ec2::254', 'fdff:ffff:ffff::1'],
  'link local of IPv6 (RFC 4291)': ['fe80::1', 'fe80::1%eth0', 'fe80::1%1', 'febf::1'],
  'site local (RFC 3879)': ['fec0::1', 'feff::1'],
  'multicast of IPv6 (RFC 4291)': ['ff00::', 'ff02::1', 'ffff::1'],
};

describe('an address that is not public', () => {
  it.each(Object.entries(refused))('is refused: %s', (_, addresses) => {
    expect(addresses.filter(isPublicAddress)).toEqual([]);
  });

  it.each([
    '0177.0.0.1',
    '0x7f.0.0.1',
    '0x7f000001',
    '2130706433',
    '127.1',
    '127.0.1',
    '127.0.0.01',
    '8.8.8.08',
    '8.8.8.8.',
    ' 8.8.8.8',
    '8.8.8.8 ',
    '8.8.8',
    '8.8.8.8/32',
    '8.8.8.256',
    '[2606:4700::1111]',
    '2606:4700::1111%eth0',
    '2606:4700:::1111',
    '2606:4700::1111/128',
    '１.１.１.１',
    '',
    'localhost',
    'example.com',
  ])('is refused, since it is no plain spelling of one: "%s"', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it('is refused when it comes by chance out of any special range', () => {
    for (let i = 0; i < 65_536; i += 7) {
      expect(isPublicAddress(`10.${i >> 8}.${i & 255}.1`)).toBe(false);
      expect(isPublicAddress(`2002:${i.toString(16)}::1`)).toBe(false);
    }
  });
});

describe('a public address', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.1',
    '160.79.104.10',
    '168.63.129.15',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.1',
    '192.167.255.255',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700:4700::1111',
    '2001:200::1',
    '2001:4860:4860::8888',
    '2001:db7:ffff::1',
    '2003::1',
    '2a00:1450:4001:80e::200e',
    '2607:f8b0::5eff:808:808',
    '3ffe::1',
  ])('is one: %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});
