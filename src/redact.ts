import type { Environment } from './environment-rules.js';

/** Takes what must not be shown out of a text: the secrets of the environment, and the passwords of its URLs. */
export function redactorFor(environment: Environment): (text: string) => string {
  const secrets = Object.entries(environment).flatMap(([name, value = '']) => secretsIn(name, value));
  // The longest first: one may be a part of another.
  const inOrder = [...new Set(secrets)].filter(({ length }) => length >= 6).sort((a, b) => b.length - a.length);
  return (text) => inOrder.reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
}

function secretsIn(name: string, value: string): string[] {
  const named = /(SECRET|PASSWORD|TOKEN|_KEYS?)$/.test(name) ? [value, ...value.split(/[\s,]+/)] : [];
  if (!/^\w+:\/\//.test(value) || !URL.canParse(value)) return named;
  const { password } = new URL(value);
  return [...named, password, decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
