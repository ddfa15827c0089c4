import { readFileSync } from 'node:fs';
import type { Environment } from './environment-rules.js';
import type { ResourceOptions } from './party-options.js';

/** The variables that may be in a file, as container engines hand secrets over: `GATEHOUSE_SECRET_FILE` and so on. */
const inFiles = /^(GATEHOUSE_SECRET|GATEHOUSE_STORE|\w+_CLIENT_SECRET)_FILE$/;

/**
 * Puts what is in files in its place: `NAME_FILE` gives the content of a file to `NAME`.
 *
 * @param isOurs - whether a variable is read at all: others may mean something else by theirs
 * @param faults - gets a sentence for each file that cannot be read, and for what is given twice
 */
export function withFiles(environment: Environment, isOurs: (name: string) => boolean, faults: string[]): Environment {
  const read: Record<string, string | undefined> = { ...environment };
  for (const [variable, path = ''] of Object.entries(environment)) {
    const name = inFiles.exec(variable)?.[1];
    if (name === undefined || path.trim() === '' || !isOurs(name)) continue;
    if (environment[name]?.trim()) faults.push(`${name} and ${variable} are both set: leave one out.`);
    else read[name] = contentOf(variable, path.trim(), faults);
  }
  return read;
}

/**
 * Reads `GATEHOUSE_RESOURCES`: URLs with commas between them, or the path of a JSON file with a list of resources.
 *
 * @param faults - gets a sentence when that file cannot be used
 */
export function resourcesFrom(text: string, faults: string[]): ResourceOptions[] {
  const urls = text.split(/[\s,]+/).filter((each) => each !== '');
  if (urls.every((each) => /^https?:\/\//i.test(each))) return urls.map((url) => ({ url }));
  const content = contentOf('GATEHOUSE_RESOURCES', text, faults);
  if (content === undefined) return [];
  try {
    const resources = JSON.parse(content) as unknown;
    // What is in it is judged with the other options.
    if (Array.isArray(resources)) return resources as ResourceOptions[];
  } catch {
    // Said below.
  }
  faults.push(`GATEHOUSE_RESOURCES names ${text}, which has to hold a JSON list of resources.`);
  return [];
}

function contentOf(variable: string, path: string, faults: string[]): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    faults.push(`${variable} names ${path}, which cannot be read${code}.`);
    return undefined;
  }
}
