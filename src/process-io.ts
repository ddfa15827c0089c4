import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { createInterface } from 'node:readline/promises';
import type { CommandIo } from './command/io.js';
import { createSystemRandomness, systemClock } from './system.js';

/** What commands find in a process: its terminal, its signals, and the world outside. */
export const processIo: Omit<CommandIo, 'withOperator' | 'migrateStore' | 'schemaOfStore' | 'serve' | 'prepare'> = {
  print: (line) => void process.stdout.write(`${line}\n`),
  warn: (line) => void process.stderr.write(`${line}\n`),
  env: process.env,
  async confirm(question) {
    if (!process.stdin.isTTY || !process.stdout.isTTY) return undefined;
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    const answer = await terminal.question(`${question} [y/N] `);
    terminal.close();
    return /^y(es)?$/i.test(answer.trim());
  },
  terminal: {
    colours: process.stdout.isTTY && !process.env['NO_COLOR'],
    width: process.stdout.isTTY ? process.stdout.columns : 100,
  },
  exitWith: (code) => (process.exitCode = code),
  interruption() {
    const interrupted = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
    return interrupted.signal;
  },
  openBrowser(url) {
    const [command, ...parameters] = openers[process.platform] ?? ['xdg-open'];
    // Without a shell, which would read the URL as its own language. That there is no browser is no fault: the URL was printed.
    execFile(command ?? '', [...parameters, url], () => undefined).unref();
  },
  world: {
    clock: systemClock,
    randomness: createSystemRandomness(),
    resolve: async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address),
  },
};

const openers: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};
