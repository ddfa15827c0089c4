import { setTimeout as pause } from 'node:timers/promises';
import { authorizationUrl, pkce, transactionOf, type RawClient, type Visit } from '../../support/client.js';
import { SteppingBrowser } from '../../support/client.js';
import type { Chance } from '../../support/seeded.js';
import type { Aftermath, Ask, Exchange } from './history.js';

/** Clients that use a server as long as they are told to, and remember everything that they were told. */
export interface Clients {
  readonly history: Exchange[];
  /** One client after the other signs a user in, uses what it got, and perhaps gives it back. */
  keepBusy(chance: Chance, isOver: () => boolean): Promise<void>;
  /** Looks, once everything is well, at what has become of each acknowledged grant. */
  lookBack(again: () => Promise<void>): Promise<Aftermath[]>;
  /** Whether a whole journey works, without a second attempt at anything. */
  isWell(): Promise<boolean>;
}

interface Answered {
  readonly status: number | 'lost';
  readonly body: Record<string, unknown>;
  readonly hasRetryAfter: boolean;
}

interface Grant {
  readonly number: number;
  readonly client: RawClient;
  readonly refreshTokens: string[];
  accessToken: string;
}

const origins = (issuer: string) => ({
  token: `${issuer}/oauth/token`,
  revoke: `${issuer}/oauth/revoke`,
  userinfo: `${issuer}/oauth/userinfo`,
  mcp: `${issuer}/mcp`,
  upstreamToken: `${issuer}/upstream-token`,
  metadata: `${issuer}/.well-known/oauth-authorization-server`,
});

/** Makes the clients of a server. */
export function clientsOf(issuer: string): Clients {
  const history: Exchange[] = [];
  const grants: Grant[] = [];
  const url = origins(issuer);
  let ticks = 0;
  let signIns = 0;

  async function remember(
    ask: Ask,
    grant: number,
    presented: string,
    request: () => Promise<Answered>,
  ): Promise<Answered> {
    const begun = (ticks += 1);
    const answer = await request();
    const { status, body, hasRetryAfter } = answer;
    const error = body['error'] as string | undefined;
    const refreshToken = body['refresh_token'] as string | undefined;
    history.push({
      ask,
      grant,
      ...(presented !== '' && { presented }),
      begun,
      ended: (ticks += 1),
      status,
      hasRetryAfter,
      ...(error !== undefined && { error }),
      ...(refreshToken !== undefined && { refreshToken }),
    });
    return answer;
  }

  const post = (address: string, form: Record<string, string>) => (signal?: AbortSignal) =>
    ask(address, { method: 'POST', body: new URLSearchParams(form), ...(signal && { signal }) });
  const withToken = (address: string, token: string) => (signal?: AbortSignal) =>
    ask(address, { headers: { authorization: `Bearer ${token}` }, ...(signal && { signal }) });

  /** Goes to the client's redirect URI; undefined when something on the way asked to try again. */
  async function signIn(number: number, chance: Chance) {
    const registered = await remember('document', number, '', () =>
      ask(`${issuer}/oauth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          client_name: `Client ${number}`,
          redirect_uris: ['http://127.0.0.1:8910/callback'],
          token_endpoint_auth_method: 'none',
        }),
      }),
    );
    if (registered.status !== 201) return undefined;
    const client = { clientId: String(registered.body['client_id']), redirectUri: 'http://127.0.0.1:8910/callback' };
    const { verifier, challenge } = pkce();
    const browser = new SteppingBrowser();
    const scope = 'openid mcp:tools';

    async function step(take: () => Promise<Visit>): Promise<Visit | undefined> {
      let visit: Visit | undefined;
      await remember('browser', number, '', async () => {
        visit = await take().catch(() => undefined);
        const error = visit?.location?.searchParams.get('error');
        return {
          status: visit?.status ?? 'lost',
          body: { ...(error != null && { error }) },
          hasRetryAfter: visit?.headers.has('retry-after') === true,
        };
      });
      return visit;
    }

    const page = await step(() => browser.open(authorizationUrl(issuer, client, challenge, { scope })));
    if (!page || transactionOf(page) === '') return undefined;
    const approve = () => step(() => browser.answer(page, 'approve'));
    let approved = await approve();
    // The form is good again after a 503, or when nobody answered.
    for (let left = 5; left > 0 && approved?.location === undefined; left--) {
      await pause(chance.between(20, 120));
      approved = await approve();
    }
    if (approved?.location === undefined || approved.location.searchParams.has('error')) return undefined;
    const provider = await fetch(approved.location, { redirect: 'manual' }).catch(() => undefined);
    const callback = provider?.headers.get('location');
    if (callback == null) return undefined;
    let back = await step(() => browser.open(callback));
    for (let left = 3; left > 0 && (back === undefined || back.status === 503); left--) {
      await pause(chance.between(20, 120));
      back = await step(() => browser.open(callback));
    }
    const code = back?.location?.searchParams.get('code');
    return code == null ? undefined : { client, verifier, code };
  }

  async function redeem(number: number, chance: Chance): Promise<Grant | undefined> {
    const signedIn = await signIn(number, chance);
    if (!signedIn) return undefined;
    const { client, verifier, code } = signedIn;
    const present = () =>
      remember(
        'redeem',
        number,
        code,
        post(url.token, {
          grant_type: 'authorization_code',
          client_id: client.clientId,
          redirect_uri: client.redirectUri,
          code,
          code_verifier: verifier,
        }),
      );
    // A client that sends it more than once at a time loses it, and never wins twice.
    const together = chance.next() < 0.15 ? 4 : 1;
    for (let left = 6; left > 0; left--) {
      const answers = await Promise.all(Array.from({ length: together }, present));
      const good = answers.find(({ status }) => status === 200);
      if (good) {
        const grant = { number, client, refreshTokens: [] as string[], accessToken: '' };
        keep(grant, good);
        grants.push(grant);
        return grant;
      }
      if (answers.some(({ status }) => status === 400)) return undefined;
      await pause(chance.between(20, 150));
    }
    return undefined;
  }

  function keep(grant: Grant, { body }: Answered): void {
    const refreshToken = String(body['refresh_token']);
    if (!grant.refreshTokens.includes(refreshToken)) grant.refreshTokens.push(refreshToken);
    grant.accessToken = String(body['access_token']);
  }

  async function refresh(grant: Grant, token: string): Promise<Answered> {
    const form = { grant_type: 'refresh_token', client_id: grant.client.clientId, refresh_token: token };
    const answer = await remember('refresh', grant.number, token, impatient(post(url.token, form)));
    if (answer.status === 200) keep(grant, answer);
    return answer;
  }

  const latestOf = ({ refreshTokens }: Grant) => refreshTokens.at(-1) ?? '';

  async function use(grant: Grant, chance: Chance): Promise<void> {
    const { number } = grant;
    const uses = [
      () => refresh(grant, latestOf(grant)),
      () => Promise.all([1, 2, 3].map(() => refresh(grant, latestOf(grant)))),
      () => refresh(grant, chance.pick(grant.refreshTokens)),
      () => remember('call', number, grant.accessToken, withToken(url.mcp, grant.accessToken)),
      () => remember('userinfo', number, grant.accessToken, withToken(url.userinfo, grant.accessToken)),
      () =>
        remember(
          'upstream token',
          number,
          grant.accessToken,
          impatient(withToken(url.upstreamToken, grant.accessToken)),
        ),
      () => remember('document', number, '', () => ask(url.metadata, {})),
    ];
    await chance.pick(uses)();
  }

  async function revoke(grant: Grant, chance: Chance): Promise<void> {
    const form = { client_id: grant.client.clientId, token: chance.pick(grant.refreshTokens) };
    for (let left = 8; left > 0; left--) {
      const { status } = await remember('revoke', grant.number, form.token, post(url.revoke, form));
      if (status === 200) break;
      await pause(chance.between(20, 150));
    }
    for (let left = 4; left > 0; left--) await use(grant, chance);
  }

  return {
    history,

    async keepBusy(chance, isOver) {
      while (!isOver()) {
        const grant = await redeem((signIns += 1), chance);
        for (let left = chance.between(3, 10); grant && left > 0 && !isOver(); left--) {
          await use(grant, chance);
          await pause(chance.between(0, 60));
        }
        if (grant && chance.next() < 0.3) await revoke(grant, chance);
        await pause(chance.between(0, 30));
      }
    },

    async lookBack(again) {
      const seen = new Map<number, Aftermath>();
      const look = async (grant: Grant) => {
        const known = grant.refreshTokens.slice(0, -1);
        const isLater = ({ status }: Answered) => status === 503 || status === 'lost';
        let answer = await refresh(grant, latestOf(grant));
        // Longer than the pause after a renewal that failed.
        for (let left = 5; left > 0 && isLater(answer); left--) {
          await pause(1000);
          answer = await refresh(grant, latestOf(grant));
        }
        const successor = answer.status === 200 ? String(answer.body['refresh_token']) : undefined;
        const others: string[] = [];
        for (const token of isLater(answer) ? [] : known) {
          const other = await refresh(grant, token);
          if (other.status === 200) others.push(String(other.body['refresh_token']));
        }
        seen.set(grant.number, { grant: grant.number, successor, others });
        return isLater(answer) ? [grant] : [];
      };
      const waiting = (await Promise.all(grants.map(look))).flat();
      if (waiting.length > 0) await again();
      await Promise.all(waiting.map(look));
      return [...seen.values()];
    },

    async isWell() {
      const before = history.length;
      const chance: Chance = {
        next: () => 1,
        between: (least) => least,
        pick: ([first]) => first as never,
        fork: () => chance,
      };
      const grant = await redeem((signIns += 1), chance);
      if (!grant) return false;
      await remember('call', grant.number, grant.accessToken, withToken(url.mcp, grant.accessToken));
      await refresh(grant, latestOf(grant));
      return history.slice(before).every(({ status, error }) => typeof status === 'number' && status < 400 && !error);
    },
  };
}

/** Who waits for a renewal that a dead machine has begun gives up, and asks again later. */
function impatient(request: (signal: AbortSignal) => Promise<Answered>): () => Promise<Answered> {
  return () => request(AbortSignal.timeout(2000));
}

async function ask(address: string, init: RequestInit): Promise<Answered> {
  try {
    const response = await fetch(address, { ...init, redirect: 'manual' });
    const text = await response.text();
    const body = (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>;
    const isLater = body['reason'] === 'try again';
    return {
      status: isLater ? 503 : response.status,
      body,
      hasRetryAfter: isLater || response.headers.has('retry-after'),
    };
  } catch {
    return { status: 'lost', body: {}, hasRetryAfter: false };
  }
}
