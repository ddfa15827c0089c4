import { beforeEach, describe, expect, it } from 'vitest';
import { createConnections } from '../../src/flow/connections.js';
import type { Grant } from '../../src/grants/grant.js';
import { grantScene, lifetimes, start } from '../grants/scene.js';

let scene: ReturnType<typeof grantScene>;
let userTag: string;
beforeEach(async () => {
  scene = grantScene();
  userTag = await scene.ids.userTag('https://upstream.example', 'alice');
});

const connections = () =>
  createConnections({
    grants: scene.grants,
    recallClient: () => Promise.resolve(undefined),
    resources: new Map(),
    clock: scene.clock,
    lifetimes,
  });
const redeemed = ({ code }: Grant) => ({ code: { ...code, redeemedAt: start }, lastTokenExpiresAt: start + 3600 });
const add = async (changes: Partial<Grant> = {}) => {
  const grant = await scene.newGrant();
  await scene.grants.create({ ...grant, ...redeemed(grant), ...changes });
  return grant.grantId;
};

describe('the connections of a user', () => {
  it('begin with what was used or made last', async () => {
    const used = await add({ createdAt: start - 100, usedAt: start - 1 });
    const made = await add({ createdAt: start - 50 });
    const last = await add();
    const { connections: listed, hasMore } = await connections().list(userTag);
    expect(listed.map(({ grantId }) => grantId)).toEqual([last, used, made]);
    expect(hasMore).toBe(false);
  });

  it('are none any more where nothing of them can be used', async () => {
    await add({ lastTokenExpiresAt: start + 10 });
    expect((await connections().list(userTag)).connections).toHaveLength(1);
    scene.time.now = start + 11;
    expect((await connections().list(userTag)).connections).toEqual([]);
  });

  it('are bounded on one page, which says that there are more', async () => {
    for (let each = 0; each < 51; each++) await add();
    const before = await connections().list(userTag);
    expect([before.connections.length, before.hasMore]).toEqual([50, true]);
    await connections().end(userTag, before.connections[0]?.grantId ?? '', {});
    const after = await connections().list(userTag);
    expect([after.connections.length, after.hasMore]).toEqual([50, false]);
  });

  it('name an application by its proven host where its document is not at hand, and by nothing where nobody knows it', async () => {
    await add({ clientId: 'https://claude.ai/client.json' });
    await add({ clientId: 'http://localhost:3000/client.json', createdAt: start - 1 });
    await add({ clientId: 'unknown', createdAt: start - 2 });
    const clients = (await connections().list(userTag)).connections.map(({ client }) => client);
    expect(clients).toEqual([{ name: undefined, verifiedHost: 'claude.ai' }, { name: undefined }, { name: undefined }]);
  });
});
