import { randomBytes } from 'node:crypto';
import { browserPaths } from '../../src/browser-journey.js';
import { parseOptions, resourcesOf } from '../../src/config.js';
import { tokenEndpoint } from '../../src/endpoints/token.js';
import { createEngine } from '../../src/engine.js';
import { createIssueCode } from '../../src/flow/issue-code.js';
import { mapIdentity } from '../../src/flow/map-identity.js';
import { createFoundation } from '../../src/foundation.js';
import { createCredentials } from '../../src/grants/credential.js';
import { createGrantIds } from '../../src/grants/grant-id.js';
import { createGrants } from '../../src/grants/grant-store.js';
import { createSealedIdentities } from '../../src/grants/sealed-identity.js';
import { createDispatcher, type Dispatcher } from '../../src/http/router.js';
import { createParties } from '../../src/parties.js';
import { parseClientMetadata } from '../../src/protocol/client-metadata.js';
import { codeChallengeOf } from '../../src/protocol/pkce.js';
import { createBearerGate } from '../../src/resource/bearer-gate.js';
import { memoryStore } from '../../src/storage/memory.js';
import { createVault } from '../../src/upstream/vault.js';
import { recordingStore } from '../support/gatehouse.js';
import { clientRules, limits, resources, type ClientName } from './token-endpoint-model.js';

export const redirectUri = 'https://app.example/cb';
export const verifier = 'v'.repeat(43);
const issuer = 'https://auth.example';
const configuredSecrets = {
  configured: 'kD8wQ2vB5nX7mC1zL4jH9gF3sA6pO0iU',
  machine: 'tY7uI9oP1aS3dF5gH7jK9lZ1xC3vB5nM',
};
const secretOfRound = (round: number) => `${String(round).padStart(4, '0')}xQ9rT2vW4yB6nM8kJ0hG3fD5sA7pL1z`;

/** How a client proves itself at the token endpoint. */
interface Proof {
  readonly clientId: string;
  readonly secret?: string;
  readonly basic?: boolean;
}

export type Form = Record<string, string | undefined>;

/** What the token endpoint answered. */
export interface TokenAnswer {
  readonly status: number;
  readonly error?: string;
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly scope?: string;
  readonly expires_in?: number;
}

/**
 * Everything behind the token endpoint and the bearer gates, as the server composes it, on one store and one clock that
 * outlive it.
 */
export function endpointScene() {
  // Between two seconds: what is said of a second then has no edge.
  const time = { now: 1_000_000.5 };
  const clock = () => time.now;
  const store = recordingStore(memoryStore({ clock }));
  let rounds = 1;
  let server = start();
  const proofs = registerClients();

  function start() {
    const secret = Array.from({ length: rounds }, (_, index) => secretOfRound(rounds - index));
    const { codeTtl, graceTtl, ...ttls } = limits;
    const settings = parseOptions(
      {
        // With userinfo, `openid` is a scope that a client may lack; the model has enough of those.
        userinfo: false,
        issuer,
        secret,
        store,
        clock,
        log: () => undefined,
        audit: false,
        ...ttls,
        authorizationCodeTtl: codeTtl,
        refreshGraceTtl: graceTtl,
        authenticateUser: () => null,
        resources: resources.map(({ url, ttl, scopes, implied, defaults }) => ({
          url,
          accessTokenTtl: ttl,
          scopes: Object.fromEntries(
            scopes.map((name) => [name, { description: name, implies: [...(implied[name] ?? [])] }]),
          ),
          defaultScopes: [...defaults],
        })),
        clients: [
          {
            clientId: 'configured',
            name: 'Configured',
            clientSecret: configuredSecrets.configured,
            redirectUris: [redirectUri],
            grantTypes: [...clientRules.configured.grantTypes],
            scopes: ['mcp:tools', 'notes:read'],
            resources: [resources[0].url],
          },
          { clientId: 'machine', name: 'Machine', clientSecret: configuredSecrets.machine },
        ],
      },
      false,
    );
    const served = new Map(resourcesOf(settings).map((each) => [each.url, each]));
    const foundation = createFoundation(settings);
    const { ring, sealing, log } = foundation;
    const describeUser = mapIdentity(undefined, () => false);
    const nothing = { seen: () => undefined, refresh: () => Promise.resolve() };
    const parties = createParties(settings, nothing, log);
    const engine = createEngine(settings, parties, foundation, {
      paths: browserPaths,
      describeUser,
      isUseSeen: () => false,
    });
    const door = tokenEndpoint(engine.authenticate, engine.trade, foundation.entrance.limits);
    const dispatcher: Dispatcher = createDispatcher(new Map([['/oauth/token', door]]), new Map(), log);
    const gates = [...served.values()].map((resource) =>
      createBearerGate({ ...resource, challengeScopes: [], requiredScopes: [] }, engine.verify, log),
    );
    const grantIds = createGrantIds(foundation.installationKey, randomBytes);
    const vault = createVault(foundation.store, sealing, randomBytes);
    const discard = () => Promise.resolve();
    const grants = createGrants(foundation.store, grantIds, clock, randomBytes, settings, () => undefined, discard);
    const credentials = createCredentials(ring);
    const issueCode = createIssueCode({
      ...{ grants, grantIds, credentials, vault, identities: createSealedIdentities(sealing), clock },
      ...{ randomness: randomBytes, authorizationCodeTtl: codeTtl, audit: () => undefined },
    });
    return { engine, dispatcher, gates, grants, issueCode, currentKid: ring.currentKid };
  }

  function registerClients(): Readonly<Record<ClientName, Proof>> {
    const registered = (grantTypes: readonly string[], method: string): Proof => {
      const metadata = { redirect_uris: [redirectUri], grant_types: grantTypes, token_endpoint_auth_method: method };
      const { clientId, clientSecret } = server.engine.registeredClients.issue(parseClientMetadata(metadata));
      return { clientId, ...(clientSecret !== undefined && { secret: clientSecret }) };
    };
    return {
      public: registered(clientRules.public.grantTypes, 'none'),
      confidential: registered(clientRules.confidential.grantTypes, 'client_secret_post'),
      once: registered(clientRules.once.grantTypes, 'none'),
      configured: { clientId: 'configured', secret: configuredSecrets.configured, basic: true },
      machine: { clientId: 'machine', secret: configuredSecrets.machine, basic: true },
    };
  }

  return {
    time,
    store,
    restart: () => (server = start()),
    rotateSecrets() {
      rounds += 1;
      server = start();
    },
    /** The name of the secret that is to derive whatever is new. */
    currentKid: () => server.currentKid,
    end: (grantId: string) => server.grants.end(grantId, 'revoked', {}),

    /** A code as the sign-in leaves it behind. */
    async issueCode(who: ClientName, resource: string, scopes: readonly string[]) {
      const transaction = {
        ...{ id: 'id', clientId: proofs[who].clientId, redirectUri, codeChallenge: codeChallengeOf(verifier) },
        ...{ resource, scopes, providers: ['application'], browser: 'browser', expiresAt: time.now + 600 },
      };
      const user = { provider: 'application', issuer: 'https://upstream.example', subject: 'alice' };
      const signedIn = {
        user: {},
        identity: { sub: 'alice', provider: 'application', claims: {} },
        session: {
          ...user,
          tokens: { access_token: 'upstream', token_type: 'bearer' },
          idToken: {},
          receivedAt: time.now,
        },
      };
      return server.issueCode(transaction, signedIn, {});
    },

    /** Posts a form as a client, proven as it registered, or with a secret that is not its own. */
    async post(who: ClientName, form: Form, wrongSecret = false): Promise<TokenAnswer> {
      const { clientId, secret: right, basic } = proofs[who];
      const secret = wrongSecret ? `${right ?? 'none'}x` : right;
      const query = new URLSearchParams();
      const sent = basic ? form : { ...form, client_id: clientId, client_secret: secret };
      for (const [name, value] of Object.entries(sent)) if (value !== undefined) query.set(name, value);
      const authorization = `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`;
      const reply = await server.dispatcher.dispatch({
        ...{ id: 'request', method: 'POST', path: '/oauth/token', query: '', ip: undefined },
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...(basic && { authorization }) },
        body: { kind: 'bytes', bytes: Buffer.from(query.toString()) },
      });
      const body = JSON.parse(String(reply.body)) as Omit<TokenAnswer, 'status'>;
      return { ...body, status: reply.status };
    },

    /** What the gate before each resource makes of a token: the scopes that it lets it have, or its status. */
    async atTheGates(token: string): Promise<(string | number)[]> {
      const request = { id: 'r', method: 'POST', path: '/mcp', headers: { authorization: `Bearer ${token}` } };
      const answers = await Promise.all(server.gates.map((gate) => gate(request)));
      return answers.map((answer) => ('auth' in answer ? answer.auth.scopes.sort().join(' ') : answer.reply.status));
    },
  };
}
