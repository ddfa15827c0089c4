import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startInstantProvider, type InstantProvider } from '../bench/instant-provider.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { CountedSettings, Spent } from './counted-process.js';

/** A gatehouse in a process of its own, which counts what it does. */
export interface MeasuredGatehouse {
  readonly issuer: string;
  readonly provider: InstantProvider;
  /** Tells what the process spends while `act` runs. */
  measure(act: () => Promise<void>): Promise<Spent>;
  stop(): Promise<void>;
}

/**
 * What makes the bytes that code allocates the same on a fast machine and on a slow one: nothing is optimised, so that
 * no object is optimised away, and new objects have room enough that none is collected meanwhile.
 */
const deterministic = [
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  '--no-memory-reducer',
  '--min-semi-space-size=128',
  '--max-semi-space-size=128',
  '--expose-gc',
];

/** Starts one before a provider that answers at once; its caller stops it. */
export async function startMeasuredGatehouse(): Promise<MeasuredGatehouse> {
  const provider = await startInstantProvider();
  const { issuer, clientId, clientSecret } = provider;
  const settings: CountedSettings = { upstream: { issuer, clientId, clientSecret } };
  const folder = temporaryFolder();
  const log = join(folder.path, 'log');
  // The audit goes to a file, where it is written at once; into a pipe it would be written when there is time.
  const output = openSync(log, 'a');
  const child = fork(fileURLToPath(new URL('counted-process.ts', import.meta.url)), [JSON.stringify(settings)], {
    execArgv: [...deterministic, '--import', 'tsx', '--conditions=mcp-gatehouse-source'],
    stdio: ['ignore', output, output, 'ipc'],
    env: { ...process.env, NODE_ENV: 'test', NODE_OPTIONS: '' },
  });
  closeSync(output);
  const ended = once(child, 'exit').then(() => {
    throw new Error(`The gatehouse ended: ${readFileSync(log, 'utf8').slice(-2000)}`);
  });
  const hear = async <T>() => ((await Promise.race([once(child, 'message'), ended])) as [T])[0];
  const ask = <T>(question: 'begin' | 'end') => {
    const heard = hear<T>();
    child.send(question);
    return heard;
  };
  const started = await hear<{ issuer: string }>();
  return {
    issuer: started.issuer,
    provider,
    async measure(act) {
      await ask('begin');
      await act();
      return ask<Spent>('end');
    },
    async stop() {
      child.disconnect();
      await ended.catch(() => undefined);
      provider.stop();
      folder.remove();
    },
  };
}
