import { codeChallengeOf } from '../protocol/pkce.js';
import { randomText } from '../keys/randomness.js';
import { createAsk, isAnswer, type Ask, type Outcome } from './ask.js';
import { listenForCallback } from './callback-listener.js';
import { fault, skipped, verdict, warning, well, type Verdict } from './check.js';
import { challengedScope } from './checks/mcp-server.js';
import { clientIdIn, registrationRequest, trialMetadata } from './checks/registration.js';
import type { Deployment } from './deployment.js';
import { jsonOf, listIn, textIn, type Json } from './document.js';
import { findingOf, type Examination, type Finding } from './examine.js';
import { visitMcpServer } from './mcp-session.js';
import type { Outside } from './outside.js';
import { signInSteps as steps } from './sign-in-steps.js';
import { shownUrl } from './wording.js';

const group = 'A real sign-in';

/** How long a real sign-in may take; in seconds. */
export interface SignInPatience {
  /** For each request. */
  readonly timeout: number;
  /** For the person. */
  readonly wait: number;
}

/**
 * Signs a person in as a client would, uses what that gives, and ends it. No token, code or secret is ever told.
 *
 * @param tell - told of each finding
 * @param show - told the URL that the person has to open
 */
export async function signInFindings(
  { deployment, findings }: Examination,
  outside: Outside,
  { timeout, wait }: SignInPatience,
  tell: (finding: Finding) => void,
  show: (url: string) => void,
): Promise<void> {
  const say = (step: keyof typeof steps, outcome: Verdict) => tell(findingOf(group, steps[step], outcome));
  if (findings.some(({ name, level }) => ['certificate', 'https'].includes(name) && level === 'fault')) {
    say('client', skipped('No token is asked for on a way that others can read.'));
    return;
  }
  const ask = createAsk(outside, timeout, false);
  // Also when a person has lost patience, what was given has to be taken back.
  const askAnyway = createAsk({ ...outside, signal: new AbortController().signal }, timeout, false);
  const listener = await listenForCallback();
  const given: { token?: string; clientId?: string } = {};
  try {
    const { redirectUri } = listener;
    const clientId = await registered(deployment, redirectUri, ask);
    if (clientId === undefined) {
      say('client', fault('The registration did not answer with a client_id.'));
      return;
    }
    given.clientId = clientId;
    const random = () => randomText(outside.randomness, 32);
    const [verifier, state] = [random(), random()];
    const url = authorizationUrl(deployment, {
      clientId,
      redirectUri,
      state,
      codeChallenge: codeChallengeOf(verifier),
    });
    if (url === undefined) {
      say('client', fault('The document has no authorization_endpoint.'));
      return;
    }
    say('client', well());

    show(url);
    const returned = await listener.arrival(state, wait, outside.signal);
    if (outside.signal?.aborted) return;
    const minded = faultOfReturn(returned, state, deployment);
    const code = returned?.get('code') ?? '';
    say('return', minded === undefined ? well() : fault(minded));
    if (minded !== undefined) return;

    const redeemed = await trade(deployment, ask, {
      grant_type: 'authorization_code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
      ...resourceParameter(deployment),
    });
    given.token = textIn(redeemed.document, 'refresh_token') ?? textIn(redeemed.document, 'access_token');
    say('code', judgeTokens(redeemed));
    const accessToken = textIn(redeemed.document, 'access_token');
    if (accessToken === undefined) return;

    const visit = await judgeVisit(deployment, accessToken, ask);
    if (outside.signal?.aborted) return;
    say('mcp', visit);
    const current = await refresh(deployment, ask, clientId, textIn(redeemed.document, 'refresh_token'), say);
    given.token = current?.refreshToken ?? given.token;
    if (outside.signal?.aborted) return;
    say(
      'revoke',
      await revoke(deployment, askAnyway, clientId, given.token ?? '', current?.accessToken ?? accessToken),
    );
    delete given.token;
  } finally {
    await listener.close();
    if (given.token !== undefined) await sendRevocation(deployment, askAnyway, given.clientId ?? '', given.token);
  }
}

async function registered(deployment: Deployment, redirectUri: string, ask: Ask): Promise<string | undefined> {
  const url = deployment.endpoint('registration_endpoint');
  return url === undefined ? undefined : clientIdIn(await ask(registrationRequest(url, trialMetadata(redirectUri))));
}

function resourceParameter({ resource, mcpUrl }: Deployment): { resource: string } {
  return { resource: textIn(resource, 'resource') ?? mcpUrl };
}

function authorizationUrl(
  deployment: Deployment,
  request: { clientId: string; redirectUri: string; state: string; codeChallenge: string },
): string | undefined {
  const endpoint = deployment.endpoint('authorization_endpoint');
  if (endpoint === undefined) return undefined;
  const url = new URL(endpoint);
  const scope = challengedScope(deployment) ?? listIn(deployment.resource, 'scopes_supported').join(' ');
  const parameters = {
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    code_challenge: request.codeChallenge,
    code_challenge_method: 'S256',
    state: request.state,
    ...(scope !== '' && { scope }),
    ...resourceParameter(deployment),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

function faultOfReturn(
  returned: URLSearchParams | undefined,
  state: string,
  { server }: Deployment,
): string | undefined {
  if (!returned) return 'Nobody came back in time.';
  if (returned.get('state') !== state) return 'The answer came without the state that was sent.';
  const issuer = textIn(server, 'issuer');
  const iss = returned.get('iss');
  if (iss !== null && iss !== issuer) return `The answer names another issuer: ${shownUrl(iss)}.`;
  if (returned.has('error')) return `The answer is an error: ${codeWord(returned.get('error'))}.`;
  return returned.get('code') ? undefined : 'The answer has neither a code nor an error.';
}

interface Traded {
  readonly outcome: Outcome;
  readonly document: Json | undefined;
}

async function trade(deployment: Deployment, ask: Ask, form: Readonly<Record<string, string>>): Promise<Traded> {
  const outcome = await postForm(deployment.endpoint('token_endpoint') ?? '', form, ask);
  const isGood = isAnswer(outcome) && outcome.status === 200;
  return { outcome, document: isGood ? jsonOf(outcome) : undefined };
}

async function postForm(url: string, form: Readonly<Record<string, string>>, ask: Ask): Promise<Outcome> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  return ask({ url, method: 'POST', headers, body: new URLSearchParams(form).toString() });
}

function judgeTokens({ outcome, document }: Traded): Verdict {
  if (textIn(document, 'access_token') === undefined) return fault(`The token endpoint ${status(outcome)}.`);
  const type = textIn(document, 'token_type')?.toLowerCase();
  return verdict(type === 'bearer' ? [] : ['token_type is not Bearer.'], [
    ...(textIn(document, 'refresh_token') === undefined
      ? ['There is no refresh token: users will sign in every hour.']
      : []),
    ...(typeof document?.['expires_in'] === 'number' ? [] : ['expires_in is missing.']),
  ]);
}

async function judgeVisit({ mcpUrl }: Deployment, accessToken: string, ask: Ask): Promise<Verdict> {
  const { initialized, tools } = await visitMcpServer(mcpUrl, accessToken, ask);
  if (!isAnswer(initialized) || initialized.status !== 200) return fault(`With the token, it ${status(initialized)}.`);
  if (tools === undefined)
    return warning('It lets the token in, and does not answer initialize and tools/list as an MCP server does.');
  return well(`${tools} ${tools === 1 ? 'tool' : 'tools'}`);
}

async function refresh(
  deployment: Deployment,
  ask: Ask,
  clientId: string,
  refreshToken: string | undefined,
  say: (step: keyof typeof steps, outcome: Verdict) => void,
): Promise<{ accessToken: string; refreshToken: string } | undefined> {
  if (refreshToken === undefined) {
    say('refresh', skipped('There is no refresh token.'));
    return undefined;
  }
  const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken };
  const { outcome, document } = await trade(deployment, ask, { ...form, ...resourceParameter(deployment) });
  const accessToken = textIn(document, 'access_token');
  if (accessToken === undefined) {
    say('refresh', fault(`The token endpoint ${status(outcome)}.`));
    return undefined;
  }
  const again = await judgeVisit(deployment, accessToken, ask);
  say('refresh', again.level === 'fault' ? fault('The MCP server refuses the new token.') : well());
  return { accessToken, refreshToken: textIn(document, 'refresh_token') ?? refreshToken };
}

async function revoke(
  deployment: Deployment,
  ask: Ask,
  clientId: string,
  token: string,
  accessToken: string,
): Promise<Verdict> {
  const outcome = await sendRevocation(deployment, ask, clientId, token);
  if (outcome === undefined)
    return warning('The document has no revocation_endpoint: the grant stays until it expires.');
  if (!isAnswer(outcome) || outcome.status !== 200) return fault(`The revocation endpoint ${status(outcome)}.`);
  const { initialized } = await visitMcpServer(deployment.mcpUrl, accessToken, ask);
  const isShut = isAnswer(initialized) && initialized.status === 401;
  return isShut ? well() : warning('The MCP server still takes the access token, until it expires.');
}

async function sendRevocation(deployment: Deployment, ask: Ask, clientId: string, token: string) {
  const url = deployment.endpoint('revocation_endpoint');
  return url === undefined ? undefined : postForm(url, { client_id: clientId, token }, ask);
}

/** Less than other checks tell: a server might repeat what it was sent. */
function status(outcome: Outcome): string {
  if (!isAnswer(outcome)) return `gave no answer (${codeWord(outcome.silence)})`;
  const error = jsonOf(outcome)?.['error'];
  return `answered ${outcome.status}${typeof error === 'string' ? ` (${codeWord(error)})` : ''}`;
}

/** An error code of a standard, and nothing that only looks like one. */
function codeWord(text: string | null): string {
  return text !== null && /^[A-Za-z_]{1,40}$/.test(text) ? text : 'in words of its own';
}
