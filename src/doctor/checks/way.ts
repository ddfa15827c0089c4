import { connect } from 'node:net';
import ipaddr from 'ipaddr.js';
import { isLoopbackHost } from '../../protocol/redirect-uri.js';
import { codeOf, isAnswer } from '../ask.js';
import { fault, skipped, verdict, warning, well, type Check, type CheckGroup } from '../check.js';
import { described, isRedirect, shown } from '../wording.js';
import { health } from './health.js';

const day = 86_400;
const connectTimeout = 5;
/** No fault of the server, but of the computer that this runs on. */
const unreachableFromHere = ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL'];

const addresses: Check = {
  name: 'addresses',
  title: 'Every address of the host answers',
  matters:
    'Clients try the addresses in an order of their own. One that does not answer costs some of them seconds, and others the connection.',
  remedy:
    'Let the server, or its proxy, listen on every address that DNS has for it (nginx: listen 443 ssl; listen [::]:443 ssl;), or take the AAAA or A record away.',
  async look({ deployment: { entered }, probe }) {
    const host = entered.hostname.replace(/^\[|\]$/g, '');
    const found = ipaddr.isValid(host) ? [host] : await probe.resolve(host).catch(() => []);
    if (found.length === 0) return fault(`${shown(host)} is a name that no address belongs to.`);
    const port = Number(entered.port || (entered.protocol === 'https:' ? 443 : 80));
    const outcomes = await Promise.all(
      found.map(async (address) => ({ address, code: await connected(address, port) })),
    );
    const silent = outcomes.filter(({ code }) => code !== undefined && !unreachableFromHere.includes(code));
    const isLocal = isLoopbackHost(entered.hostname);
    const told = silent.map(({ address, code = '' }) => `${address} port ${port} does not answer (${shown(code)}).`);
    const isPrivate = !isLocal && found.every((address) => ipaddr.parse(address).range() !== 'unicast');
    return verdict(
      // On one's own computer both addresses of localhost are tried by whoever matters.
      isLocal && silent.length < found.length ? [] : told,
      [
        ...(isLocal && silent.length < found.length ? told : []),
        ...(isPrivate
          ? [`${found.join(', ')} cannot be reached from the Internet, where claude.ai and ChatGPT are.`]
          : []),
      ],
      found.join(', '),
    );
  },
};

function connected(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: connectTimeout * 1000 });
    const finish = (code?: string) => {
      socket.destroy();
      resolve(code);
    };
    socket.once('connect', () => finish());
    socket.once('timeout', () => finish('TIMEOUT'));
    socket.once('error', (error) => finish(codeOf(error)));
  });
}

const certificateFaults: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate is signed by itself: no client trusts it.',
  SELF_SIGNED_CERT_IN_CHAIN:
    'The certificate comes from an authority of your own, which clients elsewhere do not know.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'The chain is incomplete: the server sends its certificate without the intermediate one.',
  UNABLE_TO_GET_ISSUER_CERT: 'The chain is incomplete: an intermediate certificate is missing.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'The chain is incomplete, or ends at an authority that is not known.',
  CERT_HAS_EXPIRED: 'The certificate has expired.',
  CERT_NOT_YET_VALID: 'The certificate is not valid yet.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate is for another name.',
};

const certificate: Check = {
  name: 'certificate',
  title: 'The certificate is one that every client trusts',
  matters:
    'No client connects to a server whose certificate it cannot verify. A browser may have fetched a missing intermediate certificate by itself; Claude, ChatGPT and Node do not.',
  remedy:
    'Serve the full chain (nginx: ssl_certificate fullchain.pem, not cert.pem) of a public authority, renewed by itself (certbot renew; Caddy does it alone).',
  async look({ deployment: { entered }, probe, clock }) {
    if (entered.protocol !== 'https:') return skipped('There is none: this is http.');
    const { fault: code, expiresAt = NaN, names = '' } = await probe.handshake(entered);
    if (code !== undefined) {
      const told = certificateFaults[code] ?? `The TLS connection failed (${shown(code)}).`;
      const isForOther = code === 'ERR_TLS_CERT_ALTNAME_INVALID';
      return fault(isForOther ? `${told} It names ${shown(names)}.` : told);
    }
    const left = Math.floor((expiresAt - clock()) / day);
    if (left < 14) return warning(`It expires in ${left} days: renewal does not seem to work.`);
    return well(`valid for ${left} more days`);
  },
};

const tlsVersion: Check = {
  name: 'tls-version',
  title: 'TLS is 1.2 or 1.3',
  matters: 'Clients refuse older versions.',
  remedy: 'nginx: ssl_protocols TLSv1.2 TLSv1.3;',
  async look({ deployment: { entered }, probe }) {
    if (entered.protocol !== 'https:') return skipped('There is none: this is http.');
    const { protocol } = await probe.handshake(entered);
    if (protocol === undefined) return skipped('No TLS connection came about.');
    return ['TLSv1.2', 'TLSv1.3'].includes(protocol) ? well(protocol) : fault(`The server speaks ${shown(protocol)}.`);
  },
};

const https: Check = {
  name: 'https',
  title: 'It is reached by https, and by nothing else',
  matters: 'Tokens travel in headers. Clients refuse http, except on the computer that they run on.',
  remedy:
    'Put a proxy with TLS before it, set GATEHOUSE_URL (issuer) to the https URL, and redirect http:\nCaddy: mcp.example.com { reverse_proxy 127.0.0.1:3000 }',
  async look({ deployment: { entered }, probe }) {
    if (entered.protocol === 'http:') {
      return isLoopbackHost(entered.hostname)
        ? warning('Plain http on this computer: good for trying out; claude.ai and ChatGPT cannot come here.')
        : fault(`${shown(entered.origin)} is plain http.`);
    }
    if (entered.port !== '') return well();
    const plain = await probe.ask({ url: `http://${entered.host}${entered.pathname}` });
    if (!isAnswer(plain) || isRedirect(plain) || plain.status >= 400) return well();
    return warning(`http://${shown(entered.host)} ${described(plain)}: it is served without TLS too.`);
  },
};

const clockSkew: Check = {
  name: 'clock',
  title: 'The server and this computer agree on the time',
  matters:
    'Tokens and codes live by the clock: where it is wrong they are refused as expired, or as not valid yet, and every client is sent to sign in again and again.',
  remedy:
    'Let the time be set by NTP on the server (timedatectl set-ntp true; in a virtual machine or container: on its host), and look at the clock of this computer as well.',
  look({ probe }) {
    const skews = probe.outcomes().flatMap((outcome) => {
      if (!isAnswer(outcome) || outcome.headers.has('age')) return [];
      const at = Date.parse(outcome.headers.get('date') ?? '') / 1000;
      return Number.isNaN(at) ? [] : [at - (outcome.receivedAt - outcome.seconds / 2)];
    });
    const skew = skews.sort((a, b) => a - b)[Math.floor(skews.length / 2)];
    if (skew === undefined) return skipped('No answer says what time it is.');
    // The header knows whole seconds only.
    const seconds = Math.max(0, Math.abs(skew + 0.5) - 1);
    const told = `The server's clock is ${inWords(seconds)} ${skew < 0 ? 'behind' : 'ahead'}, by its Date header.`;
    if (seconds > 60) return fault(told);
    return seconds > 30 ? warning(told) : well();
  },
};

function inWords(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)} seconds` : `${Math.round(seconds / 60)} minutes`;
}

const slowAnswer = 3;

const speed: Check = {
  name: 'speed',
  title: 'Answers come quickly',
  matters:
    'Connecting takes a client about six requests. Several give up on one that takes 5 to 10 seconds, and a server that starts when it is asked is met asleep.',
  remedy:
    'Keep an instance running (minimum instances of a serverless platform), and look at what is slow: the store, the network between proxy and server, DNS.',
  look({ probe }) {
    const answers = probe.outcomes().filter(isAnswer);
    const slowest = answers.reduce((one, other) => (other.seconds > one.seconds ? other : one), answers[0] ?? zero);
    if (slowest.seconds > slowAnswer)
      return warning(`${shown(new URL(slowest.url).pathname)} took ${slowest.seconds.toFixed(1)} s.`);
    const times = answers.map(({ seconds }) => seconds).sort((a, b) => a - b);
    return well(`${Math.round((times[Math.floor(times.length / 2)] ?? 0) * 1000)} ms`);
  },
};
const zero = { seconds: 0, url: 'http://localhost/' };

/** How clients get there. */
export const theWay: CheckGroup = { title: 'The way there', checks: [addresses, https, certificate, tlsVersion] };

/** What only shows when much was asked. */
export const overAll: CheckGroup = { title: 'Over all', checks: [health, clockSkew, speed] };
