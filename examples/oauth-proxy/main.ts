import { randomBytes } from 'node:crypto';
import { ConfigurationError, optionsFromEnvironment } from 'mcp-gatehouse';
import { startLocalProvider } from '../start-local-provider.js';
import { createApp } from './app.js';

try {
  process.loadEnvFile();
} catch {
  // There need not be a .env file.
}

try {
  await start();
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function start() {
  const port = Number(process.env['PORT'] ?? 3000);
  const {
    issuer: url = `http://localhost:${port}`,
    providers: configured,
    allow,
    rateLimits,
    trustedProxies,
  } = optionsFromEnvironment(process.env);
  const isHere = new URL(url).hostname === 'localhost';
  if (!isHere && (configured.length === 0 || !process.env['SESSION_SECRET'] || !process.env['JWT_SECRET'])) {
    throw new ConfigurationError(['Set SESSION_SECRET, JWT_SECRET and the variables of a provider (.env.example).']);
  }
  const providers = configured.length > 0 ? configured : [await startLocalProvider(`${url}/auth/callback`)];
  const { app, proxy } = createApp({
    url,
    providers,
    // Who may sign in: without it everybody could, whatever the variables say.
    allow,
    rateLimits,
    trustedProxies,
    // Secrets that last as long as this process are enough on one's own computer.
    sessionSecret: process.env['SESSION_SECRET'] ?? randomBytes(32).toString('base64'),
    jwtSecret: process.env['JWT_SECRET'] ?? randomBytes(32).toString('base64'),
    ...(isHere && { store: 'memory:' }),
  });
  app.listen(port, () => {
    console.log(
      `The application runs at ${url}. Users sign in with ${proxy
        .getProviders()
        .map(({ name }) => name)
        .join(', ')}.`,
    );
  });
}
