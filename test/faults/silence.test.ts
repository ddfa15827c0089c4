import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { callResource } from '../support/client.js';
import { expectUnavailable, faultScene } from './scene.js';

let scene: Awaited<ReturnType<typeof faultScene>>;
beforeEach(async () => {
  scene = await faultScene();
});
afterEach(async () => {
  vi.useRealTimers();
  await scene.close();
});

/** Posts to the token endpoint without a socket, whose timers would stand still. */
async function post(form: Record<string, string>) {
  const response = await scene.gatehouse.gate.fetch(
    new Request(`${scene.issuer}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) }),
  );
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

async function redemption() {
  const { client, code, verifier } = await scene.codeScene();
  return () =>
    post({
      grant_type: 'authorization_code',
      client_id: client.clientId,
      redirect_uri: client.redirectUri,
      code,
      code_verifier: verifier,
    });
}

/** How long a request takes, in seconds of a clock that is moved. */
async function secondsUntil<T>(request: Promise<T>): Promise<{ seconds: number; answer: T }> {
  const outcome: { answer?: T } = {};
  const settled = request.then((answer) => (outcome.answer = answer));
  for (let seconds = 0; seconds < 120; seconds++) {
    await vi.advanceTimersByTimeAsync(0);
    if (outcome.answer !== undefined) return { seconds, answer: outcome.answer };
    await vi.advanceTimersByTimeAsync(1000);
  }
  return { seconds: 120, answer: await settled };
}

describe('a store that never answers', () => {
  it.each(['get grant', 'get vault', 'set vault'])(
    'is waited for eight seconds at the token endpoint (%s)',
    async (operation) => {
      const redeem = await redemption();
      scene.store.failOn(operation, 'hang');
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      const { seconds, answer } = await secondsUntil(redeem());
      expectUnavailable(answer);
      expect(seconds).toBe(8);
      scene.store.heal();
      expect((await redeem()).status).toBe(200);
    },
  );

  it('while it still answers reads is waited for twice at the most, and the code is not consumed', async () => {
    const redeem = await redemption();
    scene.store.failWhen(({ verb, record }) => (verb === 'set' && record === 'grant' ? 'hang' : undefined));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { seconds, answer } = await secondsUntil(redeem());
    expectUnavailable(answer);
    expect(seconds).toBe(16);
    scene.store.heal();
    expect((await redeem()).status).toBe(200);
  });

  it('closes the door before a tool after eight seconds', async () => {
    const { redeem } = await scene.codeScene();
    const { body } = await redeem();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    scene.store.failAlways('hang');
    const call = callResource(scene.gatehouse.mcpUrl, String(body['access_token']));
    await scene.store.hanging;
    await vi.advanceTimersByTimeAsync(8000);
    expect((await call).status).toBe(503);
  });

  it('does not keep users from the page', async () => {
    const { client } = await scene.codeScene();
    scene.store.failAlways('hang');
    expect((await scene.newBrowser(client).ask()).status).toBe(200);
  });
});
