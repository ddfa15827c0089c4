import type { Claims, UpstreamProvider } from '../src/upstream/provider.js';

/** Settings of {@link discordProvider}. */
export interface DiscordOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** With `guilds` the ids of the user's servers are known as organizations. @defaultValue `identify`, `email` */
  readonly scopes?: readonly string[];
  /** More parameters of the authorization request, such as `prompt`. */
  readonly authorizationParameters?: UpstreamProvider['authorizationParameters'];
}

/** Discord. */
export function discordProvider(options: DiscordOptions): UpstreamProvider {
  const { clientId, clientSecret, scopes = ['identify', 'email'], authorizationParameters } = options;
  const api = 'https://discord.com/api';
  return {
    id: 'discord',
    name: 'Discord',
    protocol: 'oauth2',
    issuer: 'https://discord.com',
    sendsCallbackIssuer: false,
    endpoints: {
      authorization: 'https://discord.com/oauth2/authorize',
      token: `${api}/oauth2/token`,
      userInfo: `${api}/users/@me`,
      revocation: `${api}/oauth2/token/revoke`,
    },
    clientId,
    clientSecret,
    scopes,
    clientAuthentication: 'client_secret_post',
    revocation: { reachesAll: true },
    authorizationParameters,
    async identify({ profile, ask }) {
      const { id, username, global_name, email, verified, locale } = profile;
      const guilds = scopes.includes('guilds') ? await ask(`${api}/users/@me/guilds`, { optional: true }) : undefined;
      return {
        sub: id,
        preferred_username: username,
        name: global_name ?? username,
        email,
        // Not of the account: of its address.
        email_verified: verified,
        locale,
        picture: pictureOf(profile),
        organizations: Array.isArray(guilds) ? (guilds as Claims[]).map((guild) => guild.id) : undefined,
      };
    },
  };
}

function pictureOf({ id, avatar, discriminator }: Claims): string | undefined {
  const content = 'https://cdn.discordapp.com';
  if (typeof id !== 'string' || !/^[0-9]{1,20}$/.test(id)) return undefined;
  if (typeof avatar === 'string' && /^[a-z0-9_]+$/i.test(avatar)) {
    return `${content}/avatars/${id}/${avatar}.${avatar.startsWith('a_') ? 'gif' : 'png'}`;
  }
  const isOldName = typeof discriminator === 'string' && /^[0-9]{4}$/.test(discriminator);
  const index = isOldName ? Number(discriminator) % 5 : Number((BigInt(id) >> 22n) % 6n);
  return `${content}/embed/avatars/${index}.png`;
}
