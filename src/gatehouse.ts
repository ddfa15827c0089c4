#!/usr/bin/env node
import { createRequire } from 'node:module';
import type { CommandIo, CommonOptions } from './command/io.js';
import { run } from './command/run.js';
import { ConfigurationError } from './configuration-error.js';
import { deploymentOptions, openForOperator } from './deployment.js';
import { processIo } from './process-io.js';
import { redactorFor } from './redact.js';
import { serveStandalone } from './standalone-server.js';
import { migrateStore, schemaOf } from './store-migration.js';

let common: CommonOptions = {};
const options = () => deploymentOptions(process.env, common.config);

const io: CommandIo = {
  ...processIo,
  prepare(given) {
    common = given;
    loadVariables(given.envFile);
  },
  async withOperator(work) {
    const known = await options();
    const gate = openForOperator(known);
    try {
      if (!(await gate.operator.isInstalled())) {
        throw new ConfigurationError([
          `The store holds nothing of ${known.issuer}: set GATEHOUSE_URL and GATEHOUSE_STORE as for the server, and start it once.`,
        ]);
      }
      return await work(gate.operator);
    } finally {
      await gate.close();
    }
  },
  migrateStore: async (migration) => migrateStore((await options()).store, migration),
  schemaOfStore: async (migration) => schemaOf((await options()).store, migration),
  serve: async () => processIo.print(await serveStandalone(await options(), process.env)),
};

/** What is set in the environment goes before what is in the file. */
function loadVariables(file: string | undefined): void {
  try {
    process.loadEnvFile(file);
  } catch {
    // There need not be a .env file; one that was named has to be there.
    if (file !== undefined) throw new ConfigurationError([`--env-file names ${file}, which cannot be read.`]);
  }
}

const { version } = createRequire(import.meta.url)('mcp-gatehouse/package.json') as { version: string };
// A reader that has seen enough, such as head, is no fault.
process.stdout.on('error', () => process.exit());
const code = await run(io, process.argv.slice(2), version, (text) => redactorFor(process.env)(text));
// A command may have said by itself how it ended.
if (code !== 0) process.exitCode = code;
