import { Command, InvalidArgumentError, Option } from 'commander';
import { isWebUrl } from '../doctor/document.js';
import { examine, type Finding } from '../doctor/examine.js';
import { createReport, reportDocument, summary } from '../doctor/report.js';
import { signInFindings } from '../doctor/sign-in.js';
import { shownUrl } from '../doctor/wording.js';
import type { CommandIo } from './io.js';
import { jsonLines } from './output.js';

interface DoctorOptions {
  readonly browser: boolean;
  readonly open: boolean;
  readonly json: boolean;
  readonly timeout: number;
  readonly wait: number;
}

const codes = { well: 0, faults: 1, interrupted: 130 };

/** `gatehouse doctor <url>`: looks at a deployment from outside, and says what is wrong. */
export function doctorCommand(io: CommandIo): Command {
  return new Command('doctor')
    .exitOverride()
    .description('Walks a deployment as MCP clients do, and says in words what is wrong and how to mend it.')
    .argument('<url>', 'the URL of the MCP server, as users enter it in their clients, or the issuer', webUrl)
    .option('--browser', 'signs in for real, in your browser, and ends what that gave', false)
    .option('--no-open', 'with --browser: only prints the URL to open')
    .addOption(
      new Option('--wait <seconds>', 'with --browser: for the person who signs in').default(300).argParser(seconds),
    )
    .option('--json', 'prints one JSON document, for programs', false)
    .addOption(new Option('--timeout <seconds>', 'for each request').default(10).argParser(seconds))
    .addHelpText(
      'after',
      '\nEnds with 0 when there is no fault, with 1 when there is one, with 2 when it could not run.',
    )
    .action((url: URL, options: DoctorOptions) => visit(url, options, io));
}

async function visit(url: URL, { browser, open, json, timeout, wait }: DoctorOptions, io: CommandIo): Promise<void> {
  const { print, warn, terminal, exitWith } = io;
  const style = { colours: terminal.colours, width: Math.min(terminal.width, 120) };
  const findings: Finding[] = [];
  const report = createReport(print, style);
  const tell = (finding: Finding) => {
    findings.push(finding);
    if (!json) report(finding);
  };
  const signal = io.interruption();
  const outside = { ...io.world, signal };

  if (!json) print(`\n  ${shownUrl(url.href)}`);
  const examination = await examine(url, outside, timeout, tell);
  if (browser && !signal.aborted) {
    await signInFindings(examination, outside, { timeout, wait }, tell, (address) => {
      (json ? warn : print)(`\n  Sign in here, within ${Math.round(wait / 60)} minutes:\n  ${address}\n`);
      if (open) io.openBrowser(address);
    });
  }
  if (signal.aborted) {
    warn('Interrupted.');
    exitWith(codes.interrupted);
    return;
  }
  if (json) jsonLines(reportDocument(examination, findings)).forEach(print);
  else for (const line of summary(findings, style)) print(line);
  exitWith(findings.some(({ level }) => level === 'fault') ? codes.faults : codes.well);
}

function webUrl(text: string): URL {
  if (!isWebUrl(text)) throw new InvalidArgumentError('It has to begin with https:// (or http:// on this computer).');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') throw new InvalidArgumentError('It must not have a password.');
  url.hash = '';
  return url;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 3600)) throw new InvalidArgumentError('It has to be a number of seconds up to 3600.');
  return value;
}
