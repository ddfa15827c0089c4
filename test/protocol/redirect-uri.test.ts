import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuthError } from '../../src/protocol/auth-error.js';
import {
  checkRedirectUri,
  describeRedirect,
  isLoopbackHost,
  isProtectedWebUri,
  redirectUriMatches,
} from '../../src/protocol/redirect-uri.js';

function isAccepted(uri: string): boolean {
  try {
    checkRedirectUri(uri);
    return true;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AuthError);
    expect((thrown as AuthError).code).toBe('invalid_redirect_uri');
    expect((thrown as AuthError).message).toMatch(/^[\x20-\x7e]+$/);
    return false;
  }
}

describe('checkRedirectUri', () => {
  it.each([
    'https://claude.ai/api/mcp/auth_callback',
    'https://app.example.com:8443/cb?tenant=a&x=%20',
    'https://app.example.com',
    'https://xn--bcher-kva.example/cb',
    'https://203.0.113.7/cb',
    'https://[2001:db8::1]:8443/cb',
    'http://127.0.0.1/',
    'http://127.0.0.1:33418/',
    'http://127.8.9.10:1/cb',
    'http://[::1]:8080/callback',
    'http://localhost/callback',
    'http://localhost:65535',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://vscode.github-authentication/did-authenticate',
    'raycast://oauth?package_name=mcp',
    'myapp:///callback',
    'com.example.app:/cb',
    'com.googleusercontent.apps.123-abc:/oauth2redirect',
  ])('accepts %s', (uri) => {
    expect(isAccepted(uri)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['a relative reference', '/callback'],
    ['a reference without a scheme', '//app.example/cb'],
    ['a forgotten scheme', 'localhost:3000/callback'],
    ['a forgotten scheme before an address', '127.0.0.1:3000/callback'],
    ['a forgotten scheme before a domain', 'app.example:443/cb'],
    ['the word for a copied code', 'urn:ietf:wg:oauth:2.0:oob'],
    ['http elsewhere', 'http://app.example/cb'],
    ['http on a private address', 'http://192.168.0.1/cb'],
    ['http on the unspecified address', 'http://0.0.0.0/cb'],
    ['a name that begins like localhost', 'http://localhost.evil.example/cb'],
    ['a name that ends like localhost', 'http://evil.localhost/cb'],
    ['a name that begins like an address', 'http://127.0.0.1.evil.example/cb'],
    ['a host behind user information', 'http://localhost:80@evil.example/cb'],
    ['a password', 'https://user:secret@app.example/cb'],
    ['empty user information', 'https://@app.example/cb'],
    ['user information of an app', 'cursor://user@anysphere.cursor-mcp/cb'],
    ['an octal address', 'http://0177.0.0.1/cb'],
    ['a short octal address', 'http://0177.1/cb'],
    ['a short address', 'http://127.1/cb'],
    ['a number for an address', 'http://2130706433/cb'],
    ['a hexadecimal address', 'http://0x7f000001/cb'],
    ['a padded address', 'http://127.0.0.01/cb'],
    ['a number under https', 'https://2130706433/cb'],
    ['a long spelling of ::1', 'http://[0:0:0:0:0:0:0:1]/cb'],
    ['a mapped address', 'http://[::ffff:127.0.0.1]/cb'],
    ['a zone', 'http://[::1%25eth0]/cb'],
    ['an escaped host', 'https://app%2eexample/cb'],
    ['a dot after the host', 'https://app.example./cb'],
    ['a dot after localhost', 'http://localhost./cb'],
    ['no host', 'https:///cb'],
    ['one slash', 'https:/app.example/cb'],
    ['no slash', 'https:app.example/cb'],
    ['a wildcard host', 'https://*.example.com/cb'],
    ['a wildcard port', 'http://localhost:*/cb'],
    ['an empty port', 'https://app.example:/cb'],
    ['port 0', 'http://localhost:0/cb'],
    ['a padded port', 'http://localhost:080/cb'],
    ['a port too high', 'http://localhost:65536/cb'],
    ['a port too high in an app', 'cursor://host:65536/cb'],
    ['a fragment', 'https://app.example/cb#token'],
    ['an empty fragment', 'https://app.example/cb#'],
    ['dot segments', 'https://app.example/a/../cb'],
    ['a dot segment', 'https://app.example/./cb'],
    ['a dot segment at the end', 'https://app.example/cb/..'],
    ['escaped dot segments', 'https://app.example/a/%2e%2E/cb'],
    ['half escaped dot segments', 'https://app.example/a/.%2e/cb'],
    ['dot segments between escaped slashes', 'https://app.example/a%2f..%2fcb'],
    ['dot segments between escaped backslashes', 'https://app.example/a%5c..%5Ccb'],
    ['dot segments in an app', 'cursor://host/a/../cb'],
    ['a backslash', 'https://app.example\\@evil.example/cb'],
    ['a tab', 'https://app.example/c\tb'],
    ['a line break', 'https://app.example/cb\r\nset-cookie: a=b'],
    ['a tab inside the scheme', 'java\tscript:alert(1)'],
    ['a space before', ' https://app.example/cb'],
    ['a space after', 'https://app.example/cb '],
    ['a line feed at the end', 'https://app.example/cb\n'],
    ['a NUL', 'https://app.example/cb\u0000'],
    ['quotes', 'https://app.example/"><script>'],
    ['a broken escape', 'https://app.example/%zz'],
    ['a name beyond ASCII', 'https://bücher.example/cb'],
    ['full-width digits', 'http://１２７.0.0.1/cb'],
    ['an ideographic full stop', 'https://app。example/cb'],
    ['half a surrogate pair', 'https://app.example/\ud800'],
    ['more than 1,024 characters', `https://app.example/${'a'.repeat(1024)}`],
  ])('refuses %s', (_, uri) => {
    expect(isAccepted(uri)).toBe(false);
  });

  it.each(
    [
      'javascript vbscript data file blob about filesystem view-source chrome chrome-extension moz-extension edge',
      'ftp ws wss ssh smb ldap gopher mailto tel sms intent intents android-app ms-appinstaller ms-msdt search-ms',
      'web+mcp ext+mcp x-safari-https googlechromes microsoft-edge-https microsoft-edge firefox itms-services urn jar',
    ].flatMap((line) => line.split(' ')),
  )('refuses the scheme %s in every form and case', (scheme) => {
    for (const spelling of [scheme, scheme.toUpperCase(), `${scheme.slice(0, 1).toUpperCase()}${scheme.slice(1)}`]) {
      for (const rest of [':alert(1)', '://%0aalert(1)', '://host/cb', ':/cb', ':///cb', ':https://evil.example/cb']) {
        expect(isAccepted(spelling + rest), spelling + rest).toBe(false);
      }
    }
  });

  it('never accepts what a browser would take to another host than the text shows', () => {
    const piece = fc.constantFrom(
      ...[
        'https://',
        'http://',
        'localhost',
        '127.0.0.1',
        'evil.example',
        '@',
        ':80',
        '/',
        '\\',
        '#',
        '?',
        '%2e',
        '..',
      ],
      ...['[::1]', '\t', '.', 'a', '0177.1', ':', '%40', '％', 'cursor://'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const uri = pieces.join('');
        if (!isAccepted(uri) || !/^https?:/.test(uri)) return;
        const { protocol, hostname, username, hash, pathname } = new URL(uri);
        const afterScheme = uri.slice(`${protocol}//`.length);
        expect(afterScheme.startsWith(hostname)).toBe(true);
        expect(afterScheme.slice(hostname.length)).toMatch(/^(?:[:/?]|$)/);
        expect([username, hash]).toEqual(['', '']);
        expect(uri.includes(pathname) || pathname === '/').toBe(true);
        if (protocol === 'http:') expect(isLoopbackHost(hostname)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('answers any text at all with acceptance or invalid_redirect_uri, and describes what it accepts', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.string()), (uri) => {
        if (isAccepted(uri)) describeRedirect(uri);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('redirectUriMatches', () => {
  it.each([
    ['http://127.0.0.1:52000/callback', 'http://127.0.0.1/callback'],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:3000/callback'],
    ['http://localhost:1/cb?a=b', 'http://localhost:2/cb?a=b'],
    ['http://[::1]:52000/cb', 'http://[::1]:80/cb'],
    ['http://127.0.0.1:5', 'http://127.0.0.1'],
    ['https://app.example/cb', 'https://app.example/cb'],
    ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor://anysphere.cursor-mcp/oauth/callback'],
  ])('takes %s for %s', (requested, registered) => {
    expect(redirectUriMatches(requested, registered)).toBe(true);
  });

  it.each([
    ['localhost is not 127.0.0.1', 'http://localhost/cb', 'http://127.0.0.1/cb'],
    ['another loopback address', 'http://127.0.0.2/cb', 'http://127.0.0.1/cb'],
    ['another path', 'http://localhost:1/cb2', 'http://localhost:1/cb'],
    ['a longer path', 'http://localhost:1/cb/', 'http://localhost:1/cb'],
    ['a slash more', 'http://localhost:1/', 'http://localhost:1'],
    ['a query more', 'http://localhost:1/cb?a', 'http://localhost:1/cb'],
    ['a query less', 'http://localhost:1/cb', 'http://localhost:1/cb?a'],
    ['a fragment', 'http://localhost:1/cb#a', 'http://localhost:1/cb'],
    ['another case', 'http://LOCALHOST:1/cb', 'http://localhost:1/cb'],
    ['https for http', 'https://localhost:1/cb', 'http://localhost:1/cb'],
    ['another port under https', 'https://localhost:1/cb', 'https://localhost:2/cb'],
    ['another port elsewhere', 'https://app.example:444/cb', 'https://app.example/cb'],
    ['the default port spelled out', 'https://app.example:443/cb', 'https://app.example/cb'],
    ['another port of an app', 'cursor://host:1/cb', 'cursor://host:2/cb'],
    ['user information', 'http://localhost:80@evil.example/cb', 'http://localhost/cb'],
    ['a name that begins alike', 'http://localhost.evil.example/cb', 'http://localhost/cb'],
    ['a port that is none', 'http://localhost:65536/cb', 'http://localhost/cb'],
    ['a port with letters', 'http://localhost:80a/cb', 'http://localhost/cb'],
    ['an empty port', 'http://localhost:/cb', 'http://localhost/cb'],
    ['a line break after', 'http://localhost:1/cb\n', 'http://localhost/cb'],
    ['another escape', 'http://localhost:1/%63b', 'http://localhost/cb'],
    ['a number for the address', 'http://2130706433/cb', 'http://127.0.0.1/cb'],
  ])('refuses %s', (_, requested, registered) => {
    expect(redirectUriMatches(requested, registered)).toBe(false);
  });

  it('lets nothing vary but the port of a loopback host', () => {
    const host = fc.constantFrom('localhost', '127.0.0.1', '[::1]', '127.0.0.2', 'app.example', '127.0.0.1.evil');
    const port = fc.oneof(
      fc.constant(''),
      fc.integer({ min: 0, max: 70_000 }).map((number) => `:${number}`),
    );
    const path = fc.constantFrom('', '/', '/cb', '/cb?a=b', '/CB', '/cb#f', '@evil.example/cb');
    const scheme = fc.constantFrom('http://', 'https://', 'cursor://');
    const uri = fc.record({ scheme, host, port, path });
    const textOf = (parts: { scheme: string; host: string; port: string; path: string }) =>
      parts.scheme + parts.host + parts.port + parts.path;
    fc.assert(
      fc.property(uri, uri, (requested, registered) => {
        const sameButPort =
          requested.scheme === 'http://' &&
          textOf({ ...requested, port: '' }) === textOf({ ...registered, port: '' }) &&
          isLoopbackHost(requested.host);
        if (redirectUriMatches(textOf(requested), textOf(registered))) {
          expect(sameButPort || textOf(requested) === textOf(registered)).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('lets no edit of a registered URI through', () => {
    const registered = 'http://127.0.0.1:33418/callback?a=b';
    const edit = fc.record({ at: fc.nat(registered.length), cut: fc.nat(3), put: fc.string({ maxLength: 4 }) });
    fc.assert(
      fc.property(edit, ({ at, cut, put }) => {
        const requested = registered.slice(0, at) + put + registered.slice(at + cut);
        if (!redirectUriMatches(requested, registered)) return;
        expect(requested).toMatch(/^http:\/\/127\.0\.0\.1(?::\d{1,5})?\/callback\?a=b$/);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('describeRedirect', () => {
  it.each([
    ['https://app.example:8443/cb', { kind: 'web', host: 'app.example:8443' }],
    ['https://APP.example/cb', { kind: 'web', host: 'app.example' }],
    ['http://127.0.0.1:33418/', { kind: 'loopback', host: '127.0.0.1' }],
    ['https://localhost/cb', { kind: 'loopback', host: 'localhost' }],
    ['cursor://anysphere.cursor-mcp/oauth/callback', { kind: 'app', scheme: 'cursor' }],
    ['com.example.app:/cb', { kind: 'app', scheme: 'com.example.app' }],
  ])('describes %s', (uri, description) => {
    expect(describeRedirect(uri)).toEqual(description);
  });
});

describe('isLoopbackHost', () => {
  it.each(['localhost', '127.0.0.1', '127.255.255.255', '[::1]'])('knows %s', (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  });

  it.each(['', '127.1', '127.0.0.256', '127.0.0.01', '128.0.0.1', '0.0.0.0', '::1', 'localhost.', 'a.localhost'])(
    'does not take %j for one',
    (host) => {
      expect(isLoopbackHost(host)).toBe(false);
    },
  );
});

describe('isProtectedWebUri', () => {
  it('takes https, and http on loopback', () => {
    expect(isProtectedWebUri('https://app.example/terms#privacy')).toBe(true);
    expect(isProtectedWebUri('http://localhost:3000/')).toBe(true);
    expect(isProtectedWebUri('http://app.example/')).toBe(false);
    expect(isProtectedWebUri('javascript://app.example/%0aalert(1)')).toBe(false);
    expect(isProtectedWebUri('https://app.example@evil.example/')).toBe(false);
  });
});
