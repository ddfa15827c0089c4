import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Whether the tests that need a browser cannot run; in CI they run, and fail, all the same. */
export const isWithoutChromium = !existsSync(executablePath) && process.env['CI'] !== 'true';
if (isWithoutChromium) console.warn(`SKIPPED: nothing was tried in a browser, since there is no ${executablePath}.`);

/** Starts a Chromium that talks to nobody but the pages it is sent to; its caller closes it. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
