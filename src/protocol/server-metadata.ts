import { codeChallengeMethod } from './code-challenge-method.js';

/** Authorization server metadata (RFC 8414 §2), with the members that OpenID discovery and MCP clients read. */
export interface AuthorizationServerMetadata {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly registration_endpoint?: string;
  readonly revocation_endpoint: string;
  readonly introspection_endpoint?: string;
  readonly userinfo_endpoint?: string;
  readonly jwks_uri: string;
  readonly scopes_supported: readonly string[];
  readonly response_types_supported: readonly string[];
  readonly response_modes_supported: readonly string[];
  readonly grant_types_supported: readonly string[];
  readonly token_endpoint_auth_methods_supported: readonly string[];
  readonly token_endpoint_auth_signing_alg_values_supported: readonly string[];
  readonly revocation_endpoint_auth_methods_supported: readonly string[];
  readonly revocation_endpoint_auth_signing_alg_values_supported: readonly string[];
  readonly introspection_endpoint_auth_methods_supported?: readonly string[];
  readonly introspection_endpoint_auth_signing_alg_values_supported?: readonly string[];
  readonly code_challenge_methods_supported: readonly string[];
  readonly client_id_metadata_document_supported?: true;
  readonly authorization_response_iss_parameter_supported: true;
  readonly subject_types_supported: readonly string[];
  readonly id_token_signing_alg_values_supported: readonly string[];
  readonly protected_resources: readonly string[];
}

/** Protected resource metadata (RFC 9728 §2). */
export interface ProtectedResourceMetadata {
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly scopes_supported?: readonly string[];
  readonly bearer_methods_supported: readonly string[];
  readonly resource_name?: string;
  readonly resource_documentation?: string;
}

/** What an authorization server has to say of itself. */
export interface ServerDescription {
  readonly issuer: string;
  readonly registration: boolean;
  /** Whether a client may name itself by the URL of its metadata. */
  readonly metadataDocuments: boolean;
  readonly scopes: readonly string[];
  readonly grantTypes: readonly string[];
  readonly authenticationMethods: readonly string[];
  /** How clients may sign their assertions. */
  readonly assertionAlgorithms: readonly string[];
  readonly signingAlgorithm: string;
  /** How resource servers may authenticate, in the words of RFC 8414 §2; none where nobody may introspect. */
  readonly introspectionMethods: readonly string[];
  /** Whether clients may know who their user is. */
  readonly userinfo: boolean;
  readonly resources: readonly string[];
}

/**
 * Writes the authorization server metadata (RFC 8414 §2). One document serves RFC 8414 and OpenID discovery.
 *
 * Absent members are left out: clients refuse `null`.
 */
export function authorizationServerMetadata(server: ServerDescription): AuthorizationServerMetadata {
  const { issuer, introspectionMethods: introspection } = server;
  return {
    issuer,
    authorization_endpoint: `${issuer}/oauth/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    ...(server.registration && { registration_endpoint: `${issuer}/oauth/register` }),
    revocation_endpoint: `${issuer}/oauth/revoke`,
    ...(introspection.length > 0 && { introspection_endpoint: `${issuer}/oauth/introspect` }),
    ...(server.userinfo && { userinfo_endpoint: `${issuer}/oauth/userinfo` }),
    jwks_uri: `${issuer}/oauth/jwks`,
    scopes_supported: [...server.scopes, 'offline_access'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: server.grantTypes,
    token_endpoint_auth_methods_supported: server.authenticationMethods,
    token_endpoint_auth_signing_alg_values_supported: server.assertionAlgorithms, // RFC 8414 §2: with private_key_jwt
    revocation_endpoint_auth_methods_supported: server.authenticationMethods,
    revocation_endpoint_auth_signing_alg_values_supported: server.assertionAlgorithms,
    ...(introspection.length > 0 && { introspection_endpoint_auth_methods_supported: introspection }),
    ...(introspection.includes('private_key_jwt') && {
      introspection_endpoint_auth_signing_alg_values_supported: server.assertionAlgorithms,
    }),
    code_challenge_methods_supported: [codeChallengeMethod],
    // draft-ietf-oauth-client-id-metadata-document-01 §5
    ...(server.metadataDocuments && { client_id_metadata_document_supported: true as const }),
    authorization_response_iss_parameter_supported: true, // RFC 9207 §3
    // No ID token is issued; the OpenID schema of the MCP SDK demands these two members all the same.
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [server.signingAlgorithm],
    protected_resources: server.resources, // RFC 9728 §4
  };
}

/** What a protected resource has to say of itself. */
export interface ResourceDescription {
  readonly url: string;
  readonly name?: string;
  readonly documentation?: string;
  /** The basic set: clients ask for all of it. */
  readonly defaultScopes: readonly string[];
}

/** Writes protected resource metadata (RFC 9728 §2). `offline_access` has no place in it. */
export function protectedResourceMetadata(resource: ResourceDescription, issuer: string): ProtectedResourceMetadata {
  const { url, name, documentation, defaultScopes } = resource;
  return {
    resource: url,
    authorization_servers: [issuer],
    ...(defaultScopes.length > 0 && { scopes_supported: defaultScopes }),
    bearer_methods_supported: ['header'],
    ...(name !== undefined && { resource_name: name }),
    ...(documentation !== undefined && { resource_documentation: documentation }),
  };
}

/**
 * The paths below which a document about `identifier` is looked for: inserted before its path (RFC 8414 §3.1,
 * RFC 9728 §3.1), and appended to it (OpenID Connect Discovery §4.1), each with and without a slash at the end.
 */
export function wellKnownPaths(identifier: string, name: string): string[] {
  const path = new URL(identifier).pathname.replace(/\/$/, '');
  const paths = new Set([`/.well-known/${name}${path}`, `${path}/.well-known/${name}`]);
  return [...paths].flatMap((each) => [each, `${each}/`]);
}

/** The URL under which RFC 9728 §3.1 puts the metadata of a resource. */
export function resourceMetadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
}
