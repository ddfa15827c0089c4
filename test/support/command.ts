import type { CommandIo } from '../../src/command/io.js';
import { processIo } from '../../src/process-io.js';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const tsconfig = fileURLToPath(new URL('../../tsconfig.json', import.meta.url));
const bin = fileURLToPath(new URL('../../src/gatehouse.ts', import.meta.url));

/** What a command line came to. */
export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** Resolves once it has printed a text; rejects when it ends before that. */
  readonly printed: (text: string) => Promise<void>;
  readonly ended: Promise<CommandOutcome>;
}

/** What a command is run with beside its parameters. */
export interface CommandSurroundings {
  readonly env: Readonly<Record<string, string>>;
  /** @defaultValue the root, where there is no `.env` */
  readonly cwd?: string;
}

/** Starts `gatehouse` as a process of its own, with no variables but those that are given. */
export function startCommand(parameters: readonly string[], { env, cwd = '/' }: CommandSurroundings): RunningCommand {
  const node = ['--import', import.meta.resolve('tsx'), '--conditions=mcp-gatehouse-source', bin, ...parameters];
  const { PATH = '' } = process.env;
  // From elsewhere tsx would not know how JSX is meant.
  const child = spawn(process.execPath, node, {
    cwd,
    env: { PATH, TSX_TSCONFIG_PATH: tsconfig, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  const listeners = new Set<() => void>();
  const heard = () => listeners.forEach((listener) => listener());
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    heard();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    heard();
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return {
    child,
    ended,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (stdout.includes(text)) resolve();
        };
        listeners.add(look);
        void ended.then(({ code }) => reject(new Error(`It ended with ${String(code)}: ${stdout}${stderr}`)));
        look();
      }),
  };
}

/** Runs `gatehouse` to its end. */
export function runCommand(parameters: readonly string[], surroundings: CommandSurroundings): Promise<CommandOutcome> {
  return startCommand(parameters, surroundings).ended;
}

/** What a command finds around it in a test: what is not given must not be touched. */
export function commandIo(given: Partial<CommandIo>): CommandIo {
  const { world } = processIo;
  const untouchable = () => {
    throw new Error('A command touched what this test does not give it.');
  };
  const nothing = { confirm: untouchable, migrateStore: untouchable, schemaOfStore: untouchable, serve: untouchable };
  const outside = { exitWith: untouchable, interruption: untouchable, openBrowser: untouchable, world };
  return {
    ...{ env: {}, terminal: { colours: false, width: 100 }, prepare: () => undefined, withOperator: untouchable },
    ...{ print: () => undefined, warn: () => undefined, ...nothing, ...outside, ...given },
  };
}
