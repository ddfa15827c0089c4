import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { run as runProgram } from '../../src/command/run.js';
import { openForOperator } from '../../src/deployment.js';
import { callResource, refresh, signIn } from '../support/client.js';
import { commandIo, runCommand } from '../support/command.js';
import { startGatehouse, testSecret, type Gatehouse } from '../support/gatehouse.js';
import { isWithout, newSharedStore, type SharedStore, type SharedStoreKind } from '../support/shared-stores.js';

/** One line of `grants list --json`. */
interface ListedGrant {
  readonly grantId: string;
  readonly clientName: string;
  readonly subject: string;
  readonly state: string;
  readonly ended?: { readonly because: string };
}

/** Runs a command in this process, on a deployment that knows three variables. */
async function command(gatehouse: Gatehouse, location: string, parameters: string[], answer?: boolean) {
  const [printed, warned, asked]: [string[], string[], string[]] = [[], [], []];
  const io = commandIo({
    print: (line) => printed.push(line),
    warn: (line) => warned.push(line),
    async withOperator(work) {
      const gate = openForOperator({ issuer: gatehouse.issuer, secret: testSecret, store: location });
      return work(gate.operator).finally(() => gate.close());
    },
    confirm: (question) => (asked.push(question), Promise.resolve(answer)),
  });
  const code = await runProgram(io, parameters, '1.0.0', (text) => text);
  const listed = parameters.includes('--json') ? printed.map((line) => JSON.parse(line) as ListedGrant) : [];
  return { code, printed, warned, asked, listed };
}

describe.each<SharedStoreKind>(['sqlite', 'redis', 'postgres'])('grants in %s', (kind) => {
  describe.skipIf(isWithout[kind])('that a server works with', () => {
    let store: SharedStore;
    let gatehouse: Gatehouse;
    const run = (parameters: string[], answer?: boolean) => command(gatehouse, store.location, parameters, answer);
    const list = async (...parameters: string[]) => (await run(['grants', 'list', '--json', ...parameters])).listed;

    beforeAll(async () => {
      store = await newSharedStore[kind]();
      gatehouse = await startGatehouse({ store: store.location });
    });
    afterEach(async () => {
      await run(['grants', 'revoke', '--all', '--yes']);
    });
    afterAll(async () => {
      await gatehouse.close();
      await store.remove();
    });

    it('are listed by user, client and id, without who the user is beyond the subject', async () => {
      const alice = await signIn(gatehouse.issuer, 'alice');
      await signIn(gatehouse.issuer, 'bob');
      const [grant] = await list('--user', 'oidc|alice');
      expect(grant).toMatchObject({ subject: 'oidc|alice', clientName: 'Raw client', state: 'active' });
      const ofAlice = await list('--issuer', gatehouse.upstream.issuer, '--subject', 'alice');
      expect(ofAlice.filter(({ state }) => state === 'active')).toEqual([grant]);
      expect(await list('--id', grant?.grantId ?? '')).toEqual([grant]);
      const active = (await list('--client', alice.client.clientId)).filter(({ state }) => state === 'active');
      expect(active.map(({ subject }) => subject).sort()).toEqual(['oidc|alice', 'oidc|bob']);
      expect(await list('--user', 'oidc|ali')).toEqual([]);
      expect(await list('--id', 'nonsense')).toEqual([]);
      const { printed } = await run(['grants', 'list', '--id', grant?.grantId ?? '']);
      expect(printed.join('\n')).not.toContain('@');
      const verbose = await run(['grants', 'list', '--verbose', '--id', grant?.grantId ?? '']);
      expect(verbose.printed.join('\n')).toContain('alice@');
    });

    it('are ended by user: the tokens count no more, and others are left alone', async () => {
      const alice = await signIn(gatehouse.issuer, 'alice');
      const bob = await signIn(gatehouse.issuer, 'bob');
      const { code, printed, warned } = await run(['grants', 'revoke', '--user', 'oidc|alice']);
      expect({ code, printed }).toEqual({ code: 0, printed: ['One grant was ended.'] });
      expect(warned.join()).toContain('The provider oidc is not configured here');
      expect((await callResource(gatehouse.mcpUrl, alice.accessToken)).status).toBe(401);
      expect((await refresh(gatehouse.issuer, alice.client, alice.refreshToken)).body['error']).toBe('invalid_grant');
      expect((await callResource(gatehouse.mcpUrl, bob.accessToken)).status).toBe(200);
      expect((await list('--user', 'oidc|alice')).at(-1)).toMatchObject({
        state: 'ended',
        ended: { because: 'revoked by operator' },
      });
      expect((await run(['grants', 'revoke', '--user', 'oidc|alice'])).printed).toEqual(['0 grants were ended.']);
    });

    it('are ended when there are several only with --yes, or when the person at the terminal says so', async () => {
      const { client, accessToken } = await signIn(gatehouse.issuer, 'alice');
      await signIn(gatehouse.issuer, 'bob');
      const revoke = ['grants', 'revoke', '--client', client.clientId];
      const alone = await run(revoke);
      expect(alone.code).toBe(2);
      expect(alone.warned.join()).toContain('2 grants: add --yes');
      expect((await run(revoke, false)).printed).toEqual(['Nothing was done.']);
      expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(200);
      const { printed, asked } = await run(revoke, true);
      expect(asked).toEqual(['End 2 grants? Their users have to sign in again.']);
      expect(printed).toEqual(['2 grants were ended.']);
      expect((await callResource(gatehouse.mcpUrl, accessToken)).status).toBe(401);
    });
  });
});

describe('the command beside a server on the same SQLite file', () => {
  let store: SharedStore;
  let gatehouse: Gatehouse;
  beforeAll(async () => {
    store = await newSharedStore.sqlite();
    gatehouse = await startGatehouse({ store: store.location });
  });
  afterAll(async () => {
    await gatehouse.close();
    await store.remove();
  });

  it('works as a process of its own while the server is under load, and nothing of the load is lost', async () => {
    const victim = await signIn(gatehouse.issuer, 'victim');
    let isOver = false;
    let refreshed = 0;
    const failures: unknown[] = [];
    const load = [1, 2, 3].map(async (index) => {
      const { client, refreshToken } = await signIn(gatehouse.issuer, `user${index}`);
      for (let token = refreshToken; !isOver; refreshed++) {
        const { status, body } = await refresh(gatehouse.issuer, client, token);
        if (status !== 200) failures.push(body);
        token = String(body['refresh_token']);
      }
    });
    const env = { GATEHOUSE_URL: gatehouse.issuer, GATEHOUSE_SECRET: testSecret, GATEHOUSE_STORE: store.location };
    const run = (...parameters: string[]) => runCommand(parameters, { env });
    const rotated = await run('keys', 'rotate');
    expect(rotated.code).toBe(0);
    // What a command changes is audited where it runs.
    expect(JSON.parse(rotated.stderr)).toMatchObject({ event: 'signing_key.rotated', reason: 'asked for' });
    expect(rotated.stdout).toContain('A new key is published');
    const keys = (await run('keys', 'list', '--json')).stdout.trim().split('\n');
    expect(keys.map((line) => (JSON.parse(line) as { state: string }).state)).toEqual(['signing', 'published']);
    expect(await run('grants', 'revoke', '--user', 'oidc|victim')).toMatchObject({
      code: 0,
      stdout: 'One grant was ended.\n',
    });
    expect((await callResource(gatehouse.mcpUrl, victim.accessToken)).status).toBe(401);
    isOver = true;
    await Promise.all(load);
    expect(failures).toEqual([]);
    expect(refreshed).toBeGreaterThan(3);
  }, 120_000);
});
