import { isAnswer, type Outcome, type Question } from '../ask.js';
import { skipped, verdict, type Check, type CheckGroup, type TrialClient } from '../check.js';
import type { Deployment } from '../deployment.js';
import { jsonOf, textIn } from '../document.js';
import type { Probe } from '../probe.js';
import { described, mediaType, shown } from '../wording.js';

type Metadata = Readonly<Record<string, unknown>>;

const grants = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] };

/** What clients send when they register. */
export const typicalClients = {
  Claude: {
    client_name: 'Claude',
    redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
    token_endpoint_auth_method: 'none',
    scope: 'claudeai',
    ...grants,
  },
  'Claude Code': {
    client_name: 'Claude Code',
    redirect_uris: ['http://localhost:3118/callback'],
    token_endpoint_auth_method: 'none',
    ...grants,
  },
  ChatGPT: {
    client_name: 'ChatGPT',
    redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
    token_endpoint_auth_method: 'client_secret_basic',
    ...grants,
  },
  'VS Code': {
    client_name: 'Visual Studio Code',
    client_uri: 'https://code.visualstudio.com',
    redirect_uris: ['https://vscode.dev/redirect', 'http://127.0.0.1/', 'http://127.0.0.1:33418/'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    grant_types: [...grants.grant_types, 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
  },
  Cursor: {
    client_name: 'Cursor',
    redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback', 'http://localhost:8787/callback'],
    token_endpoint_auth_method: 'none',
    ...grants,
  },
} satisfies Readonly<Record<string, Metadata>>;

/** Where the trial client would be waiting; nobody is there, and nobody is sent there. */
const trialRedirectUri = 'http://127.0.0.1:33418/callback';

/** A registration as clients send it (RFC 7591 §3.1). */
export function registrationRequest(url: string, metadata: Metadata): Question {
  return {
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(metadata),
  };
}

/** A registration of the doctor's own, whose users come back to `redirectUri`. */
export function trialMetadata(redirectUri: string): Metadata {
  return {
    client_name: 'gatehouse doctor',
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'none',
    ...grants,
  };
}

/** Registers the client of this examination; undefined where that does not work. */
export async function registerTrialClient(deployment: Deployment, probe: Probe): Promise<TrialClient | undefined> {
  const url = deployment.endpoint('registration_endpoint');
  if (url === undefined) return undefined;
  const clientId = clientIdIn(await probe.ask(registrationRequest(url, trialMetadata(trialRedirectUri))));
  return clientId === undefined ? undefined : { clientId, redirectUri: trialRedirectUri };
}

/** The client id of a registration that went well. */
export function clientIdIn(outcome: Outcome): string | undefined {
  if (!isAnswer(outcome) || outcome.status < 200 || outcome.status > 299) return undefined;
  return textIn(jsonOf(outcome), 'client_id');
}

const registration: Check = {
  name: 'registration',
  title: 'Clients can register',
  matters:
    'Clients introduce themselves before they open the browser (RFC 7591), and stop where that fails. A redirect, a page of a firewall or a lost body ends it.',
  remedy:
    'Let POST /oauth/register through to the server, with its JSON body (bot filters and firewalls often stop it), and mount gate.createRouter() before body parsers that leave no req.body behind.',
  async look({ deployment, probe }) {
    const url = deployment.endpoint('registration_endpoint');
    if (url === undefined) return skipped('Registration is turned off: the document has no registration_endpoint.');
    const byFault = new Map<string, string[]>();
    await Promise.all(
      Object.entries(typicalClients).map(async ([name, metadata]) => {
        const minded = faultOfRegistration(await probe.ask(registrationRequest(url, metadata)));
        if (minded !== undefined) byFault.set(minded, [...(byFault.get(minded) ?? []), name]);
      }),
    );
    return verdict([...byFault].map(([minded, names]) => `As ${names.join(', ')}: it ${minded}.`));
  },
};

function faultOfRegistration(outcome: Outcome): string | undefined {
  const document = jsonOf(outcome);
  if (!isAnswer(outcome) || outcome.status !== 201) {
    const code = textIn(document, 'error');
    return `${described(outcome)}, and not 201${code === undefined ? '' : ` (${shown(code, 40)})`}`;
  }
  if (clientIdIn(outcome) === undefined) return 'answered 201 without a client_id in JSON';
  return mediaType(outcome) === 'application/json'
    ? undefined
    : `answered with the content type ${shown(mediaType(outcome), 40)}`;
}

/** How clients introduce themselves. */
export const registrations: CheckGroup = { title: 'Registration', checks: [registration] };
