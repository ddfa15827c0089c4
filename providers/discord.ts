import type { Claims, IdentityEvidence, UpstreamProvider } from '../src/upstream/provider.js';

const api = 'https://discord.com/api';

/** Settings of {@link discordProvider}. */
export interface DiscordOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /**
   * With `guilds` the ids of the user's servers are known as organizations; it is added where a rule of access names
   * some, and `guilds.members.read` where one names roles.
   *
   * @defaultValue `identify`, `email`
   */
  readonly scopes?: readonly string[];
  /** More parameters of the authorization request, such as `prompt`. */
  readonly authorizationParameters?: UpstreamProvider['authorizationParameters'];
}

/** Discord; `groups` are `guild/role`, by their ids, in the guilds whose roles the rules of access name. */
export function discordProvider(options: DiscordOptions): UpstreamProvider {
  const { clientId, clientSecret, scopes = ['identify', 'email'], authorizationParameters } = options;
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
    scopesFor: { organizations: ['guilds'], groups: ['guilds.members.read'] },
    async identify({ profile, ask, scopes: granted, sought }) {
      const { id, username, global_name, email, verified, locale } = profile;
      const [guilds, groups] = await Promise.all([
        granted.includes('guilds') ? ask(`${api}/users/@me/guilds`, { optional: true }) : undefined,
        granted.includes('guilds.members.read') ? rolesOf(sought.groups, ask) : undefined,
      ]);
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
        groups,
      };
    },
  };
}

/** There is no list of all roles: each guild is asked about its member. */
async function rolesOf(sought: readonly string[], ask: IdentityEvidence['ask']): Promise<string[] | undefined> {
  const guilds = new Set(
    sought.map((name) => name.split('/', 1).join()).filter((guild) => /^[0-9]{1,20}$/.test(guild)),
  );
  if (guilds.size === 0) return undefined;
  const lists = [...guilds].map(async (guild) => {
    const member = await ask(`${api}/users/@me/guilds/${guild}/member`, { optional: true });
    const { roles } = (member ?? {}) as Claims;
    return Array.isArray(roles) ? roles.map((role) => `${guild}/${String(role)}`) : [];
  });
  return (await Promise.all(lists)).flat();
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
