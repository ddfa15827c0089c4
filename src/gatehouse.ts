#!/usr/bin/env node
import { OAuthAuthorizationServer } from './authorization-server.js';
import { createProgram } from './command/program.js';
import { optionsFromEnvironment } from './environment.js';

const program = createProgram({
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

await program.parseAsync();
