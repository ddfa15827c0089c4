import { isAnswer, type Answer, type Outcome } from '../ask.js';
import { fault, skipped, verdict, well, type Check, type CheckGroup, type Scene, type Verdict } from '../check.js';
import { described, isRedirect, mediaType, shown } from '../wording.js';
import { authorizationUrl, browserHeaders, noRequest } from './authorization-request.js';
import { fallback, longUrls, redirects } from './redirects.js';

async function openPage(scene: Scene, headers: Readonly<Record<string, string>> = {}): Promise<Outcome | undefined> {
  const url = await authorizationUrl(scene);
  return url === undefined ? undefined : scene.probe.ask({ url, headers: { ...browserHeaders, ...headers } });
}

/** A check of the page, where there is one; that there is none is for one check to say. */
function lookAtPage(judge: (page: Answer, scene: Scene) => Verdict | Promise<Verdict>): Check['look'] {
  return async (scene) => {
    const outcome = await openPage(scene);
    if (!outcome) return noRequest;
    return isPage(outcome) ? judge(outcome, scene) : skipped('The page was not shown.');
  };
}

function isPage(outcome: Outcome): outcome is Answer {
  return (
    isAnswer(outcome) && outcome.status === 200 && mediaType(outcome) === 'text/html' && /<form\b/i.test(outcome.text)
  );
}

const page: Check = {
  name: 'authorization-page',
  title: 'The authorization page opens',
  matters: 'This is what the browser shows when a client sends its user to sign in.',
  remedy:
    'Let the proxy pass GET /oauth/authorize to the server with its whole query, without a sign-in, a challenge or a redirect of its own.',
  async look(scene) {
    const outcome = await openPage(scene);
    if (!outcome) return noRequest;
    if (isPage(outcome)) return well();
    const { pathname } = new URL(outcome.url);
    const location = isAnswer(outcome) && isRedirect(outcome) ? outcome.headers.get('location') : undefined;
    const target =
      location !== undefined && URL.canParse(location, outcome.url) ? new URL(location, outcome.url) : undefined;
    const reason = target?.searchParams.get('error');
    if (reason)
      return fault(`${shown(pathname)} sent the browser back to the client with the error ${shown(reason, 60)}.`);
    return fault(`${shown(pathname)} ${described(outcome)}, and not with a page that asks the user.`);
  },
};

const pageHeaders: Check = {
  name: 'page-headers',
  title: 'The page is protected by its headers',
  matters: 'Without them another site can show the page in a frame, and have users approve what they do not see.',
  remedy:
    'Let the headers of the server through: no proxy_hide_header, no header policy that replaces them (nginx: add_header beside them is harmless; a CDN’s “security headers” may not be).',
  look: lookAtPage(({ headers }) => {
    const policy = headers.get('content-security-policy') ?? '';
    const framed =
      /frame-ancestors\s+'none'/.test(policy) || headers.get('x-frame-options')?.toUpperCase().includes('DENY');
    return verdict(
      [
        ...(policy === '' ? ['Content-Security-Policy is missing.'] : []),
        ...(policy !== '' && !/frame-ancestors/.test(policy)
          ? ['Content-Security-Policy has no frame-ancestors.']
          : []),
        ...(framed ? [] : ['Nothing forbids other sites to show it in a frame.']),
      ],
      [
        ...(headers.get('x-content-type-options')?.includes('nosniff')
          ? []
          : ['X-Content-Type-Options: nosniff is missing.']),
        ...(headers.has('referrer-policy') ? [] : ['Referrer-Policy is missing.']),
      ],
    );
  }),
};

const pagePolicy: Check = {
  name: 'page-form',
  title: 'The form of the page may be sent, and lead on',
  matters:
    'Chrome holds every redirect that follows a form against form-action, so the way to the identity provider and back to the client is blocked, without a word to the user.',
  remedy:
    'Take form-action and sandbox out of the Content-Security-Policy that the proxy adds on this host, or add none to /oauth/*.',
  look: lookAtPage(({ headers }) => {
    const directives = (headers.get('content-security-policy') ?? '')
      .split(/[;,]/)
      .map((each) => each.trim().toLowerCase());
    const formAction = directives.find((each) => /^form-action\b/.test(each));
    const sandbox = directives.find((each) => /^sandbox\b/.test(each));
    const isOpen = formAction === undefined || /\s(?:\*|https:)(?:\s|$)/.test(formAction);
    return verdict([
      ...(isOpen ? [] : [`Content-Security-Policy has “${shown(formAction, 80)}”.`]),
      ...(sandbox === undefined || sandbox.includes('allow-forms')
        ? []
        : ['Content-Security-Policy has sandbox without allow-forms.']),
    ]);
  }),
};

const pageCache: Check = {
  name: 'page-cache',
  title: 'The page is made anew for each visitor',
  matters:
    'The page belongs to one browser. From a cache, the next visitor gets somebody else’s, and approving it does nothing, or is asked for without end.',
  remedy:
    'Let nothing cache /oauth/*, and let Cache-Control: no-store through (Cloudflare: a cache rule “bypass”, no “cache everything”; nginx: no proxy_cache).',
  look: lookAtPage(async (first, scene) => {
    const second = await openPage(scene, { 'accept-language': 'en' });
    const isSame = second !== undefined && isPage(second) && second.text === first.text;
    const control = first.headers.get('cache-control') ?? '';
    return verdict([
      ...(isSame ? ['Two visitors got the very same page: it comes from a cache.'] : []),
      ...(control.includes('no-store') ? [] : [`Cache-Control is “${shown(control, 60)}”, and not no-store.`]),
    ]);
  }),
};

const cookie: Check = {
  name: 'cookie',
  title: 'The page’s cookie reaches the browser, well protected',
  matters:
    'The cookie ties the approval to this browser. Without it the page asks again and again, or the way back from the provider ends with “another browser”.',
  remedy:
    'Let Set-Cookie through as it is (nginx: no proxy_hide_header Set-Cookie, no proxy_cookie_path or proxy_cookie_flags; a CDN: no cookie stripping on /oauth/*). If it is not Secure although users come by https, issuer (GATEHOUSE_URL) says http.',
  look: lookAtPage(({ cookies, url }) => {
    if (cookies.length === 0) return fault('The page came without Set-Cookie.');
    const isSecure = url.startsWith('https:');
    const told = cookies.flatMap((each) => {
      const [name = ''] = each.split('=');
      const has = (attribute: string) =>
        each
          .split(';')
          .slice(1)
          .some((part) => part.trim().toLowerCase() === attribute);
      const lacking = [
        ...(isSecure && !name.startsWith('__Host-') ? ['the prefix __Host-'] : []),
        ...(isSecure && !has('secure') ? ['Secure'] : []),
        ...(has('httponly') ? [] : ['HttpOnly']),
        ...(has('samesite=lax') ? [] : ['SameSite=Lax']),
        ...(has('path=/') ? [] : ['Path=/']),
      ];
      return lacking.length > 0 ? [`The cookie ${shown(name, 60)} lacks ${lacking.join(', ')}.`] : [];
    });
    return verdict(told);
  }),
};

const cookieReturn: Check = {
  name: 'cookie-return',
  title: 'The cookie comes back to the server',
  matters:
    'Where a proxy or CDN takes cookies out of requests, the server never knows the browser again: approving leads back to the same page.',
  remedy:
    'Pass the Cookie header on for /oauth/* (CloudFront: an origin request policy with all cookies; Varnish: no unset req.http.Cookie; nginx: no proxy_set_header Cookie "").',
  look: lookAtPage(async ({ cookies }, scene) => {
    const pairs = cookies.map((each) => each.split(';')[0] ?? '').filter(Boolean);
    if (pairs.length === 0) return skipped('There is no cookie.');
    const again = await openPage(scene, { cookie: pairs.join('; ') });
    if (!again || !isPage(again))
      return fault(`With the cookie, the page ${again ? described(again) : 'did not come'}.`);
    // A browser that is known gets no new name.
    const names = new Set(pairs.map((pair) => pair.split('=')[0]));
    const isNewName = again.cookies.some(
      (each) => names.has(each.split('=')[0]) && !pairs.includes(each.split(';')[0] ?? ''),
    );
    return isNewName ? fault('The server gave a new cookie to a browser that had sent one.') : well();
  }),
};

/** What the user's browser meets. */
export const authorization: CheckGroup = {
  title: 'The authorization page',
  checks: [page, pageHeaders, pagePolicy, pageCache, cookie, cookieReturn, redirects, longUrls, fallback],
};
