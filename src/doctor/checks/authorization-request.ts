import { codeChallengeOf } from '../../protocol/pkce.js';
import { skipped, type Scene } from '../check.js';
import { textIn } from '../document.js';

/** The state of an ordinary request. */
export const state = 'doctor-state';
const codeChallenge = codeChallengeOf('gatehouse-doctor-'.repeat(3));
/** What a browser sends. */
export const browserHeaders = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'user-agent':
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
};

/** The authorization request of a client whose user has just been sent here; what is undefined is left out. */
export async function authorizationUrl(
  scene: Scene,
  changes: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const { deployment, client } = scene;
  const endpoint = deployment.endpoint('authorization_endpoint');
  const trial = await client();
  if (endpoint === undefined || !trial) return undefined;
  const url = new URL(endpoint);
  const parameters = {
    response_type: 'code',
    client_id: trial.clientId,
    redirect_uri: trial.redirectUri,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    state,
    resource: textIn(deployment.resource, 'resource') ?? deployment.mcpUrl,
    ...changes,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

/** Where there is nothing to send a user with. */
export const noRequest = skipped('No client could be registered, or there is no authorization_endpoint.');
