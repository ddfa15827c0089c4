/** What can be measured. */
export type Work = 'discovery' | 'registration' | 'code exchange' | 'refresh' | 'protected request' | 'federated flow';

/** A server that is measured. */
export interface Contender {
  readonly name: string;
  /** The program, from here. */
  readonly file: string;
  /** The path of its metadata document, or of what answers first. */
  readonly discovery: string;
  readonly options?: Readonly<Record<string, string>>;
  /** Where it keeps its state, if it can be told: what is written there, in the folder that it is given. */
  readonly store?: 'memory' | 'sqlite' | 'redis' | 'postgres';
  /** What it can do of what is measured. */
  readonly works: readonly Work[];
  /** Whose work this is: `floor` is what the others are measured by. */
  readonly kind: 'floor' | 'ours' | 'peer';
}

const metadata = '/.well-known/oauth-authorization-server';
const everything: readonly Work[] = [
  'discovery',
  'registration',
  'code exchange',
  'refresh',
  'protected request',
  'federated flow',
];

/** The measure of all others. */
export const bare: Contender = {
  name: 'bare node:http',
  file: 'contenders/bare.js',
  discovery: '/',
  works: ['discovery', 'protected request'],
  kind: 'floor',
};

export const bareExpress: Contender = { ...bare, name: 'bare Express 5', file: 'contenders/express.js' };

const ours = (store: NonNullable<Contender['store']>, framework?: 'express'): Contender => ({
  name: `mcp-gatehouse, ${store}${framework ? ', in Express 5' : ''}`,
  file: 'contenders/gatehouse.js',
  discovery: metadata,
  store,
  ...(framework && { options: { framework } }),
  works: everything,
  kind: 'ours',
});

const peer = (name: string, file: string, works = everything): Contender => ({
  name,
  file: `peers/${file}`,
  discovery: metadata,
  works,
  kind: 'peer',
});

/** All, in the order of the tables. */
export const contenders: readonly Contender[] = [
  bareExpress,
  ours('memory'),
  ours('sqlite'),
  ours('redis'),
  ours('postgres'),
  ours('memory', 'express'),
  ours('sqlite', 'express'),
  peer('@modelcontextprotocol/sdk, mcpAuthRouter', 'sdk.js'),
  peer('oidc-provider', 'oidc-provider.js'),
  peer('mcp-oauth-server', 'mcp-oauth-server.js'),
  peer('fastmcp, OAuthProvider', 'fastmcp.js'),
];
