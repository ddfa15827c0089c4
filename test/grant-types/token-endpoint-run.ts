import { grantChanges } from '../support/gatehouse.js';
import { expect } from 'vitest';
import {
  counts,
  dueToItself,
  GrantModel,
  reachableWith,
  resources,
  type ClientName,
  type Due,
  type Presented,
  type ResourceModel,
} from './token-endpoint-model.js';
import { endpointScene, redirectUri, verifier, type Form, type TokenAnswer } from './token-endpoint-scene.js';
import type { Step, Wrong } from './token-endpoint-steps.js';

/** A grant as its client and the model know it. */
interface Known {
  readonly model: GrantModel;
  readonly code: string;
  readonly refreshTokens: string[];
}

/** An access token, and what it is good for. */
interface Issued {
  readonly text: string;
  readonly grant: GrantModel | undefined;
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly expiresAt: number;
}

/** Takes one step after another at a real endpoint and in the model, and compares them. */
export function createRun(count: (what: string) => void) {
  const scene = endpointScene();
  const { time } = scene;
  const grants: Known[] = [];
  const issued: Issued[] = [];
  const pick = (index: number) => grants[grants.length - 1 - (index % grants.length)];
  const grantWrites = grantChanges(scene.store.writes);

  const stranger = (owner: ClientName): ClientName => (owner === 'confidential' ? 'public' : 'confidential');
  const presentedBy = (owner: ClientName, wrong: Wrong | undefined): Presented => ({
    by: wrong === 'another client' ? stranger(owner) : owner,
    wrongSecret: wrong === 'the secret',
    isIntact: wrong === undefined || wrong === 'another client' || wrong === 'the secret',
  });

  /** Compares an answer with what is due, and keeps what it issued. */
  function receive(answer: TokenAnswer, due: Due, known: Known | undefined, resource: ResourceModel) {
    if (typeof due === 'string') {
      expect([answer.status, answer.error]).toEqual([due === 'invalid_client' ? 401 : 400, due]);
      expect(answer).not.toHaveProperty('access_token');
      expect(answer).not.toHaveProperty('refresh_token');
      return;
    }
    expect([answer.status, answer.error, answer.expires_in]).toEqual([200, undefined, resource.ttl]);
    expect(answer.scope).toBe(due.scopes.length > 0 ? due.scopes.join(' ') : undefined);
    const [next, all] = [answer.refresh_token, known?.refreshTokens ?? []];
    // One chain: what is not the current token to the letter is a successor, which nobody has seen before.
    if (due.refresh === 'none') expect(next).toBeUndefined();
    else if (due.refresh === 'current') expect(next).toBe(all.at(-1));
    else expect(all).not.toContain(next);
    if (next !== undefined && due.refresh !== 'current') {
      // The next one is of the newest secret: the older ones can be taken off in time.
      expect(next.split('.')[1]).toBe(scene.currentKid());
      all.push(next);
    }
    issued.push({
      text: answer.access_token ?? '',
      grant: known?.model,
      resource: resource.url,
      scopes: reachableWith(due.scopes, resource),
      expiresAt: Math.floor(time.now) + resource.ttl,
    });
  }

  /** Nothing is written for what is refused, unless it ends a grant of which something is left. */
  async function watched(model: GrantModel, act: () => Promise<Due>) {
    const [wasEnded, before] = [model.isEnded, grantWrites()];
    const wasLive =
      model.isRefreshable(time.now) ||
      issued.some(({ grant, expiresAt }) => grant === model && counts(time.now, expiresAt, grant));
    const due = await act();
    const ends = model.isEnded && !wasEnded;
    if (ends && !wasLive) return;
    const changes = typeof due === 'string' ? ends : due.refresh !== 'current';
    expect(grantWrites() > before).toBe(changes);
    count(ends ? 'a replay ends the grant' : typeof due === 'string' ? due : due.refresh);
  }

  async function redeem(known: Known, wrong: Wrong | undefined, resource: string | undefined) {
    const { model, code } = known;
    const other = grants.find(({ model: each }) => each !== model && each.owner === model.owner);
    const presented = { ...presentedBy(model.owner, wrong), resource };
    const form: Form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier };
    if (wrong === 'the verifier') form['code_verifier'] = 'w'.repeat(43);
    if (wrong === 'the redirect URI') form['redirect_uri'] = `${redirectUri}/`;
    if (wrong === 'no redirect URI') form['redirect_uri'] = undefined;
    if (wrong === 'the kind') form['code'] = known.refreshTokens.at(-1) ?? code.replace(/^ac/, 'rt');
    if (wrong === 'a character') form['code'] = garbled(code, code.length - 1);
    if (wrong === 'the grant') form['code'] = transplanted(code, other?.code);
    await watched(model, async () => {
      const due = model.redeem(time.now, presented);
      receive(await scene.post(presented.by, { ...form, resource }, presented.wrongSecret), due, known, model.resource);
      return due;
    });
  }

  async function refresh(known: Known, step: Extract<Step, { kind: 'refresh' }>) {
    const { model, code, refreshTokens } = known;
    const { wrong, resource, scopes, at } = step;
    const generation = Math.max(1, refreshTokens.length - step.back);
    const token = refreshTokens[generation - 1];
    if (token === undefined) return;
    const other = grants.find(({ model: each }) => each !== model && each.owner === model.owner);
    const sent: Partial<Record<Wrong, string | undefined>> = {
      'a character': garbled(token, at % token.length),
      'the kind': [code, code.replace(/^ac/, 'rt'), issued.at(-1)?.text][at % 3],
      'the generation': renumbered(token, at % 2 ? 1 : -1),
      'the grant': transplanted(token, other?.code),
    };
    const form = { grant_type: 'refresh_token', refresh_token: (wrong && sent[wrong]) ?? token };
    const presented = { ...presentedBy(model.owner, wrong), resource, scopes };
    const scope = scopes.length > 0 ? scopes.join(' ') : undefined;
    await watched(model, async () => {
      const due = model.refresh(time.now, generation, presented);
      const answer = await scene.post(presented.by, { ...form, resource, scope }, presented.wrongSecret);
      receive(answer, due, known, model.resource);
      return due;
    });
  }

  /** All at the same moment: whatever their order, the answers are those of one after another. */
  async function atOnce(known: Known, times: number, form: Form, due: () => Due) {
    const { owner, resource } = known.model;
    // None of them has seen what another one wrote.
    scene.store.gather('grant.', times);
    const answers = await Promise.all(Array.from({ length: times }, () => scene.post(owner, form)));
    // The one that made the step comes first, and nobody can tell the others apart.
    const successes = answers.filter(({ status }) => status === 200);
    const failures = answers.filter(({ status }) => status !== 200);
    for (const answer of [...successes, ...failures]) receive(answer, due(), known, resource);
    count('at once');
  }

  async function take(step: Step): Promise<void> {
    if (step.kind === 'wait') time.now += step.seconds;
    if (step.kind === 'rotate the secret') scene.rotateSecrets();
    if (step.kind === 'restart') scene.restart();
    if (step.kind === 'sign in') {
      const resource = resources[step.resource] ?? resources[0];
      const scopes = resource.scopes.length > 0 ? step.scopes : [];
      const model = new GrantModel(step.client, resource, scopes, time.now);
      grants.push({ model, code: await scene.issueCode(step.client, resource.url, scopes), refreshTokens: [] });
    }
    if (step.kind === 'act for itself') {
      const presented = { ...presentedBy(step.client, step.wrong), resource: step.resource, scopes: step.scopes };
      const { due, resource } = dueToItself(presented);
      const scope = step.scopes.length > 0 ? step.scopes.join(' ') : undefined;
      const form = { grant_type: 'client_credentials', resource: step.resource, scope };
      receive(await scene.post(step.client, form, presented.wrongSecret), due, undefined, resource);
      count(typeof due === 'string' ? `for itself: ${due}` : 'for itself');
    }
    const known = 'grant' in step ? pick(step.grant) : undefined;
    if (!known) return;
    const { model, code } = known;
    const rightly = { by: model.owner, isIntact: true };
    if (step.kind === 'redeem') await redeem(known, step.wrong, step.resource);
    if (step.kind === 'refresh') await refresh(known, step);
    if (step.kind === 'redeem at once') {
      const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier };
      await atOnce(known, step.times, form, () => model.redeem(time.now, rightly));
    }
    if (step.kind === 'refresh at once') {
      const generation = Math.max(1, known.refreshTokens.length - step.back);
      const token = known.refreshTokens[generation - 1];
      const form = { grant_type: 'refresh_token', refresh_token: token };
      if (token !== undefined)
        await atOnce(known, step.times, form, () => model.refresh(time.now, generation, rightly));
    }
    if (step.kind === 'end') {
      await scene.end(code.split('.').slice(2, 5).join('.'));
      model.isEnded = true;
    }
  }

  return {
    take,

    /** Every access token (of the latest ones) counts at the gate of its resource, and no other, exactly as long as it should. */
    async probe() {
      expect(new Set(issued.map(({ text }) => text)).size).toBe(issued.length);
      for (const { text, grant, resource, scopes, expiresAt } of issued.slice(-30)) {
        const isGood = counts(time.now, expiresAt, grant);
        const expected = resources.map(({ url }) => (isGood && url === resource ? [...scopes].sort().join(' ') : 401));
        expect(await scene.atTheGates(text)).toEqual(expected);
        count(isGood ? 'access token counts' : grant?.isEnded ? 'access token of an ended grant' : 'expired');
      }
    },
  };
}

/** A credential with one character changed. */
function garbled(text: string, at: number): string {
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
}

/** A credential of a generation before or after its own. */
function renumbered(text: string, by: number): string {
  const parts = text.split('.');
  return parts.with(5, String(Number(parts[5]) + by)).join('.');
}

/** A credential that names another grant, or one that nobody has. */
function transplanted(text: string, other: string | undefined): string {
  const from = other?.split('.') ?? [];
  return text
    .split('.')
    .map((part, index) => (index >= 2 && index <= 4 ? (from[index] ?? garbled(part, 3)) : part))
    .join('.');
}
