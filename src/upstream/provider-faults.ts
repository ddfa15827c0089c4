import { isProtectedWebUri } from '../protocol/redirect-uri.js';
import { isUsableEndpoint } from './endpoint.js';
import type { UpstreamProvider } from './provider.js';

/** Finds at start what no discovery can mend: a sentence for each fault, which says what to do. */
export function faultsOf(provider: UpstreamProvider): string[] {
  const { issuer, clientId, clientSecret, scopes, protocol, endpoints = {}, identify, faults: own = [] } = provider;
  // Settings often come from variables that are not set, whatever the types say.
  const isText = (value: unknown) => typeof value === 'string' && value !== '';
  const isUsable = isText(issuer) && isProtectedWebUri(issuer) && !/[?#]|\/\/[^/]*@/.test(issuer);
  const isPlain = protocol === 'oauth2';
  const given: [string, unknown][] = Object.entries(endpoints);
  const faults = {
    'the issuer has to be the https URL that the provider publishes as "issuer", without query and fragment; http is for 127.0.0.1, [::1] and localhost only':
      !isUsable,
    'the issuer is what stands before /.well-known/ in the address of the discovery document':
      isUsable && issuer.includes('/.well-known/'),
    'the clientId is missing; use the one that the provider gave to your application': !isText(clientId),
    'the clientSecret is missing; make one at the provider': !isText(clientSecret),
    'the scopes have to include openid': !isPlain && (!Array.isArray(scopes) || !scopes.includes('openid')),
    'the scopes have to be a list': isPlain && !Array.isArray(scopes),
    'the endpoints authorization and token are missing; without OpenID Connect nothing is discovered':
      isPlain && !(isText(endpoints.authorization) && isText(endpoints.token)),
    'nothing says who the user is; give endpoints.userInfo or identify':
      isPlain && !isText(endpoints.userInfo) && identify === undefined,
  };
  return [
    ...Object.entries(faults).flatMap(([text, isFault]) => (isFault ? [text] : [])),
    ...given
      .filter(([, value]) => isUsable && value !== undefined && !isUsableEndpoint(provider, value))
      .map(
        ([name]) => `the endpoint ${name} has to be an https URL without fragment; http is for loopback issuers only`,
      ),
    ...own,
  ];
}
