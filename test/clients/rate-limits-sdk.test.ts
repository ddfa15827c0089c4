import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { postForm, register, walk } from '../support/client.js';
import { startGatehouse, type Gatehouse } from '../support/gatehouse.js';
import { closedTools, line2ServerWith } from '../support/mcp-server.js';
import type { SdkClient } from '../support/sdk-client.js';
import { clientOfLine1 } from '../support/sdk-client-v1.js';
import { clientOfLine2 } from '../support/sdk-client-v2.js';

const quota = { requests: 5, seconds: 60 };

/** Lets time pass for everybody here. */
const advance = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

describe.each([
  ['1', clientOfLine1],
  ['2', clientOfLine2],
])('a client of the MCP SDK’s line %s that is refused for a while', (_, create) => {
  let gatehouse: Gatehouse;
  let client: SdkClient;
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    gatehouse = await startGatehouse({
      rateLimits: { registration: quota, token: quota },
      protectedHandler: line2ServerWith(closedTools),
    });
    client = create(new URL(gatehouse.mcpUrl));
  });
  afterEach(async () => {
    await client.close();
    await gatehouse.close();
    vi.useRealTimers();
  });

  async function connect() {
    expect(await client.connect()).toBe(false);
    const url = client.memory.redirects.at(-1) as URL;
    await client.finish(await walk(url, { clientId: '', redirectUri: client.memory.redirectUrl }));
    expect(await client.connect()).toBe(true);
    await client.memory.idle();
  }

  it('at the registration, says so, and registers later', async () => {
    for (let each = 0; each < quota.requests; each++) await register(gatehouse.issuer);
    await expect(client.connect()).rejects.toThrow('too many requests');
    expect(client.memory.redirects).toEqual([]);
    advance(61);
    await connect();
    expect(await client.call('whoami')).toMatchObject({ extra: { sub: 'oidc|alice' } });
  });

  it('at the token endpoint, keeps all it has, asks its user nothing, and goes on later', async () => {
    await connect();
    const { registration } = client.memory;
    const tokens = { ...client.memory.kept };
    advance(3700);
    const guess = { grant_type: 'refresh_token', client_id: registration?.client_id, refresh_token: 'guessed' };
    for (let each = 0; each < quota.requests; each++) await postForm(`${gatehouse.issuer}/oauth/token`, guess);
    await expect(client.call('whoami')).rejects.toThrow('too many requests');
    expect(client.memory.kept).toEqual(tokens);
    expect(client.memory.registration).toEqual(registration);
    expect(client.memory.invalidated).toEqual([]);
    expect(client.memory.redirects).toHaveLength(1);
    advance(61);
    expect(await client.call('whoami')).toMatchObject({ extra: { sub: 'oidc|alice' } });
    expect(client.memory.redirects).toHaveLength(1);
  });
});
