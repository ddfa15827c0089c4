import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { temporaryFolder } from '../support/gatehouse.js';
import { listen, stop } from '../support/upstream-provider.js';

let server: Server;
let origin: string;
let folder: ReturnType<typeof temporaryFolder>;
let generation: number;
let isDead: boolean;
let asked: number;

/** A provider whose access tokens live for a second, and which ends the family when a refresh token comes twice. */
beforeEach(async () => {
  folder = temporaryFolder();
  [generation, asked, isDead] = [0, 0, false];
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const answer = (status: number, document: object) =>
        setTimeout(() => {
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));
        }, 30);
      if (request.url === '/me') {
        // The access token dies with its refresh token.
        const isCurrent = request.headers.authorization === `Bearer access-${generation}`;
        return answer(isCurrent ? 200 : 401, isCurrent ? { sub: 'alice' } : {});
      }
      asked += 1;
      if (new URLSearchParams(body).get('refresh_token') !== `refresh-${generation}`) isDead = true;
      if (isDead) return answer(400, { error: 'invalid_grant' });
      generation += 1;
      return answer(200, {
        access_token: `access-${generation}`,
        refresh_token: `refresh-${generation}`,
        token_type: 'bearer',
        expires_in: 1,
      });
    });
  });
  origin = `http://127.0.0.1:${await listen(server, 0)}`;
});
afterEach(async () => {
  await stop(server);
  folder.remove();
});

async function run(...parameters: string[]): Promise<string[]> {
  const file = fileURLToPath(new URL('renewal-worker.ts', import.meta.url));
  const flags = ['--import', 'tsx', '--conditions=mcp-gatehouse-source'];
  const child = spawn(process.execPath, [...flags, file, join(folder.path, 'a.sqlite'), origin, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return (await text(child.stdout)).split('\n').filter(Boolean);
}

it('two processes with ten callers each never present a refresh token twice', async () => {
  await run('0', 'sign in');
  const outcomes = await Promise.all([run('8000'), run('8000')]);
  expect(isDead).toBe(false);
  // Each lives for a second: there were some, and each was asked for once.
  expect(generation).toBeGreaterThan(3);
  expect(asked).toBe(generation);
  for (const outcome of outcomes) {
    expect(outcome.length).toBeGreaterThan(100);
    expect(outcome.filter((each) => !/^access-[1-9]/.test(each))).toEqual([]);
  }
  // Both have worked with tokens that the other one has renewed.
  const [one, two] = outcomes.map((outcome) => new Set(outcome));
  expect([...(one ?? [])].filter((token) => two?.has(token)).length).toBeGreaterThan(1);
});
