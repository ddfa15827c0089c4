import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, type } from 'node:os';
import { canBind, nodeOfContenders } from './contender-process.js';
import { inFlight } from './measure.js';
import type { Result } from './results.js';

/** When, with which versions and on which machine it was measured: one paragraph. */
export function circumstances(results: readonly Result[], rounds: number): string {
  const packages = ['express', ...results.flatMap(({ contender }) => contender.package ?? [])];
  const versions = [
    `mcp-gatehouse ${versionIn('../../package.json')}`,
    ...packages.map((name) => `${name} ${versionIn(`peers/node_modules/${name}/package.json`)}`),
  ];
  const node = execFileSync(nodeOfContenders(), ['--version'], { encoding: 'utf8' }).trim();
  const placed = canBind ? 'servers on one core, load and OpenID provider on another' : 'nothing is bound to a core';
  // Not what this process may use: it is bound to one of them.
  const cores = cpus().length;
  return [
    `Measured on ${new Date().toISOString().slice(0, 10)}, medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}: ${placed}, ${inFlight} requests in flight.`,
    `${versions.join(', ')}.`,
    `Node.js ${node}, ${type()} ${release()}, ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cores} ${cores === 1 ? 'core' : 'cores'}.`,
  ].join('\n');
}

function versionIn(file: string): string {
  const { version } = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as { version: string };
  return version;
}
