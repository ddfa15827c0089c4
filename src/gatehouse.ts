#!/usr/bin/env node
import { CommanderError } from 'commander';
import { OAuthAuthorizationServer } from './authorization-server.js';
import { createProgram } from './command/program.js';
import { optionsFromEnvironment } from './environment.js';
import { processIo } from './process-io.js';

const program = createProgram({
  ...processIo,
  print: (line) => process.stdout.write(`${line}\n`),
  warn: (line) => process.stderr.write(`${line}\n`),
  env: process.env,
  async withOperator(work) {
    const gate = new OAuthAuthorizationServer({ issuer: '', ...optionsFromEnvironment(process.env) });
    try {
      return await work(gate.operator);
    } finally {
      await gate.close();
    }
  },
});

try {
  await program.parseAsync();
} catch (thrown) {
  if (!(thrown instanceof CommanderError)) throw thrown;
  process.exitCode = thrown.exitCode === 0 ? 0 : 2;
}
