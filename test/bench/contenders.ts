/** What can be measured, in the order of the tables. */
export const works = [
  'discovery',
  'registration',
  'code exchange',
  'refresh',
  'protected request',
  'federated flow',
] as const;
export type Work = (typeof works)[number];

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
  /** The package whose version is told. */
  readonly package?: string;
  /** How much of the usual amounts is enough, if less: it is slow, and settles earlier. */
  readonly share?: number;
  /** What is different about its work. */
  readonly note?: string;
}

const metadata = '/.well-known/oauth-authorization-server';

/** The measure of all others. */
export const bare: Contender = {
  name: 'bare `node:http`',
  file: 'contenders/bare.js',
  discovery: '/',
  works: ['discovery'],
  kind: 'floor',
};

export const bareExpress: Contender = {
  ...bare,
  name: 'bare Express 5',
  file: 'contenders/express.js',
  note: '`res.json` of the same small document that the bare server answers.',
};

const ours = (name: string, store: NonNullable<Contender['store']>, framework?: 'express'): Contender => ({
  name: `mcp-gatehouse, ${name}${framework ? ', in Express 5' : ''}`,
  file: 'contenders/gatehouse.js',
  discovery: metadata,
  store,
  ...(framework && { options: { framework } }),
  works,
  kind: 'ours',
});

const peer = (file: string, name: string, note: string): Contender => ({
  name,
  file: `peers/${file}.js`,
  discovery: metadata,
  works,
  kind: 'peer',
  package: name,
  note,
});

/** All, in the order of the tables. */
export const contenders: readonly Contender[] = [
  bareExpress,
  ours('memory', 'memory'),
  ours('SQLite', 'sqlite'),
  ours('Redis', 'redis'),
  ours('PostgreSQL', 'postgres'),
  ours('memory', 'memory', 'express'),
  ours('SQLite', 'sqlite', 'express'),
  peer(
    'sdk',
    '@modelcontextprotocol/sdk',
    '`mcpAuthRouter` in Express 5, with a provider of 60 lines: maps, ES256 by jsonwebtoken, openid-client. No consent page, a bearer check that only verifies.',
  ),
  peer(
    'oidc-provider',
    'oidc-provider',
    'ES256. Its records are in maps, consent and sign-in are hand-written interactions with openid-client, and so is the bearer check: jsonwebtoken, with a key made once.',
  ),
  peer(
    'mcp-oauth-server',
    'mcp-oauth-server',
    'In Express 5. Access tokens are random and looked up in a map: nothing is signed. Sign-in with openid-client and the consent page are hand-written.',
  ),
  peer(
    'fastmcp',
    'fastmcp',
    '`OAuthProvider`. HS256; the ID token is not verified; each refresh asks the provider for a new token, too; the bearer check is that of its MCP endpoint, asked in a route.',
  ),
  {
    ...peer(
      'better-auth',
      'better-auth',
      'Its OAuth provider plugin in Express 5, ES256, in a SQLite database in memory: its adapter for memory has no indexes. Two pages are hand-written.',
    ),
    discovery: `${metadata}/api/auth`,
    share: 0.5,
  },
];

/** What this package wants to cost, as a multiple of bare `node:http`. */
export const targets: readonly { readonly name: string; readonly ratios: Readonly<Record<Work, number>> }[] = [
  {
    name: 'memory',
    ratios: {
      discovery: 1.3,
      registration: 3,
      'code exchange': 8,
      refresh: 7,
      'protected request': 1.5,
      'federated flow': 38,
    },
  },
  {
    name: 'SQLite',
    ratios: {
      discovery: 1.3,
      registration: 3,
      'code exchange': 10,
      refresh: 9,
      'protected request': 1.7,
      'federated flow': 42,
    },
  },
];
