import { wellKnownPaths } from './protocol/server-metadata.js';
import type { Endpoint, Routes } from './http/router.js';

/** A document about this server or one of its resources, and where clients look for it. */
export interface WellKnownDocument {
  /** The issuer or the resource that it is about. */
  readonly about: string;
  readonly names: readonly string[];
  readonly endpoint: Endpoint;
}

/**
 * The paths that clients of 2025 take where they find no metadata (MCP 2025-03-26, authorization §2.3.3), and others.
 *
 * @param others - by their paths at the root
 */
export function createAliases(
  issuer: string,
  endpoints: Readonly<Record<string, Endpoint>>,
  others: Readonly<Record<string, Endpoint>>,
): Routes {
  // They are at the root of the host, which an issuer with a path may share with others.
  if (new URL(issuer).pathname !== '/') return new Map();
  const names = ['authorize', 'token', 'register'];
  const known = names.map((name) => [`/${name}`, endpoints[`/oauth/${name}`]] as const);
  const found = known.flatMap(([path, endpoint]) => (endpoint ? [[path, endpoint] as const] : []));
  return new Map([...found, ...Object.entries(others)]);
}

/**
 * Says which path is which endpoint: `/oauth/…` below the issuer, and the documents at every path that clients try.
 *
 * @param endpoints - by their paths below the issuer
 */
export function createRoutes(
  issuer: string,
  endpoints: Readonly<Record<string, Endpoint>>,
  documents: readonly WellKnownDocument[],
): Routes {
  const base = new URL(issuer).pathname.replace(/\/$/, '');
  const routes = new Map(Object.entries(endpoints).map(([path, endpoint]) => [base + path, endpoint]));
  for (const { about, names, endpoint } of documents) {
    for (const path of names.flatMap((name) => wellKnownPaths(about, name))) {
      // Two resources on different hosts may have one path: the first one has it.
      if (!routes.has(path)) routes.set(path, endpoint);
    }
  }
  return routes;
}
