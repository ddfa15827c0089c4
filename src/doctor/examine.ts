import { isAnswer } from './ask.js';
import { type CheckGroup, type Level, type Scene, type Verdict } from './check.js';
import { authorization } from './checks/authorization.js';
import { cors } from './checks/cors.js';
import { discovery } from './checks/discovery.js';
import { mcpServer } from './checks/mcp-server.js';
import { registerTrialClient, registrations } from './checks/registration.js';
import { tokens } from './checks/token.js';
import { overAll, theWay } from './checks/way.js';
import { survey, type Deployment } from './deployment.js';
import type { Outside } from './outside.js';
import { createProbe } from './probe.js';

/** Every check, in the order in which a client would meet what it is about. */
export const checkGroups: readonly CheckGroup[] = [
  theWay,
  mcpServer,
  discovery,
  registrations,
  authorization,
  tokens,
  cors,
  overAll,
];

/** How one check came out, in words. */
export interface Finding {
  readonly group: string;
  readonly name: string;
  readonly title: string;
  readonly level: Level;
  readonly seen: readonly string[];
  /** Which client minds, and how it shows; only of what is not well. */
  readonly matters?: string;
  /** How to mend it; only of what is not well. */
  readonly remedy?: string;
}

/** What an examination found. */
export interface Examination {
  readonly deployment: Deployment;
  readonly findings: readonly Finding[];
}

/** What is told of a check that came out so. */
export function findingOf(
  group: string,
  check: Pick<Finding, 'name' | 'title'> & { readonly matters: string; readonly remedy: string },
  { level, seen, remedy = check.remedy }: Verdict,
): Finding {
  const isBad = level === 'fault' || level === 'warning';
  const { name, title, matters } = check;
  return { group, name, title, level, seen, ...(isBad && { matters, remedy }) };
}

/**
 * Walks a deployment as clients do, and judges it. Nothing is left behind: registrations are stored nowhere, and no sign-in
 * begins.
 *
 * @param entered - the MCP server's URL, as users enter it, or the issuer
 * @param timeout - seconds for each request
 * @param onFinding - told of each finding as soon as there is one
 */
export async function examine(
  entered: URL,
  outside: Outside,
  timeout: number,
  onFinding: (finding: Finding) => void = () => undefined,
): Promise<Examination> {
  const probe = createProbe(outside, timeout);
  const deployment = await survey(entered, probe);
  const trial = registerTrialClient(deployment, probe);
  const scene: Scene = { deployment, probe, clock: outside.clock, client: () => trial };
  const findings: Finding[] = [];
  // Of a host that never answers, every check would say the same.
  const groups = probe.outcomes().some(isAnswer) ? checkGroups : [theWay, mcpServer];
  for (const { title: group, checks } of groups) {
    for (const check of checks) {
      if (outside.signal?.aborted) break;
      const finding = findingOf(group, check, await check.look(scene));
      findings.push(finding);
      onFinding(finding);
    }
  }
  return { deployment, findings };
}
