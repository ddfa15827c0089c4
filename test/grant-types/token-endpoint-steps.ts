import fc from 'fast-check';
import { resources, type ClientName } from './token-endpoint-model.js';

/** What can be wrong with a request. */
export type Wrong =
  | 'another client'
  | 'the secret'
  | 'the verifier'
  | 'the redirect URI'
  | 'no redirect URI'
  | 'a character'
  | 'the kind'
  | 'the generation'
  | 'the grant';

/** One thing that happens. Grants are numbered from the youngest one on. */
export type Step =
  | {
      readonly kind: 'sign in';
      readonly client: ClientName;
      readonly resource: number;
      readonly scopes: readonly string[];
    }
  | { readonly kind: 'redeem'; readonly grant: number; readonly wrong?: Wrong; readonly resource?: string }
  | { readonly kind: 'redeem at once'; readonly grant: number; readonly times: number }
  | {
      readonly kind: 'refresh';
      readonly grant: number;
      /** So many tokens before the current one. */
      readonly back: number;
      readonly wrong?: Wrong;
      readonly resource?: string;
      readonly scopes: readonly string[];
      /** Where a character is changed. */
      readonly at: number;
    }
  | { readonly kind: 'refresh at once'; readonly grant: number; readonly back: number; readonly times: number }
  | {
      readonly kind: 'act for itself';
      readonly client: ClientName;
      readonly wrong?: Wrong;
      readonly resource?: string;
      readonly scopes: readonly string[];
    }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'end'; readonly grant: number }
  | { readonly kind: 'rotate the secret' }
  | { readonly kind: 'restart' };

const [main, plain] = resources;
const maybe = <T>(arbitrary: fc.Arbitrary<T>, weight: number) =>
  fc.oneof({ weight: 10 - weight, arbitrary: fc.constant(undefined) }, { weight, arbitrary });
/** Members that are undefined are left out. */
const stepOf = (kind: Step['kind'], members: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(members).map((given) => {
    const present = Object.entries(given).filter(([, value]) => value !== undefined);
    return { kind, ...Object.fromEntries(present) } as unknown as Step;
  });

const users = fc.constantFrom<ClientName>('public', 'public', 'confidential', 'configured', 'once');
const anybody = fc.constantFrom<ClientName>('machine', 'machine', 'configured', 'public', 'confidential');
const grant = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(3));
const back = fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.constant(1) }, fc.nat(6));
const times = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 2, max: 6 }) }, fc.constant(50));
const granted = fc.subarray([...main.scopes], { minLength: 1 });
const asked = fc.oneof(
  { weight: 4, arbitrary: fc.constant([]) },
  { weight: 4, arbitrary: fc.shuffledSubarray([...main.scopes], { maxLength: 2 }) },
  fc.shuffledSubarray([...main.scopes, 'openid', 'made-up']),
);
const resource = maybe(fc.constantFrom(main.url, main.url, plain.url, 'https://elsewhere.example/mcp'), 2);
const resourceOrNone = fc.constantFrom(undefined, main.url, plain.url, 'https://elsewhere.example/mcp');
const wrongCode: Wrong[] = ['the verifier', 'the redirect URI', 'no redirect URI'];
const wrongAnything: Wrong[] = ['another client', 'the secret', 'a character', 'the kind', 'the grant'];
const seconds = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 4, arbitrary: fc.integer({ min: 60, max: 200 }) },
  { weight: 1, arbitrary: fc.integer({ min: 200, max: 900 }) },
  // The edges, to the second: of a code, of the grace window and its tolerance, of tokens, of idling, of everything.
  {
    weight: 5,
    arbitrary: fc.constantFrom(60, 61, 120, 121, 180, 181, 300, 359, 360, 700, 759, 760, 750, 751, 1200, 1201),
  },
);

const signIn = stepOf('sign in', { client: users, resource: fc.nat(1), scopes: granted });
const start = signIn.map((first): Step[] => [first, { kind: 'redeem', grant: 0 }]);
/** A token that is superseded, and comes back at an edge of its window. */
const late = fc.constantFrom(119, 120, 121, 180, 181).map((seconds): Step[] => [
  { kind: 'refresh', grant: 0, back: 0, scopes: [], at: 0 },
  { kind: 'wait', seconds },
  { kind: 'refresh', grant: 0, back: 1, scopes: [], at: 0 },
]);
/** A grant that is refreshed in time, and reaches its absolute limit. */
const old = fc
  .tuple(start, fc.constantFrom(499, 500, 501, 700))
  .map(([first, seconds]): Step[] => [
    ...first,
    { kind: 'wait', seconds: 700 },
    { kind: 'refresh', grant: 0, back: 0, scopes: [], at: 0 },
    { kind: 'wait', seconds },
    { kind: 'refresh', grant: 0, back: 0, scopes: [], at: 0 },
  ]);
const single = (step: fc.Arbitrary<Step>) => step.map((each) => [each]);

const chapter: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 5, arbitrary: start },
  { weight: 3, arbitrary: single(signIn) },
  { weight: 3, arbitrary: late },
  { weight: 1, arbitrary: old },
  { weight: 2, arbitrary: single(stepOf('redeem', { grant, resource })) },
  {
    weight: 5,
    arbitrary: single(stepOf('redeem', { grant, resource, wrong: fc.constantFrom(...wrongCode, ...wrongAnything) })),
  },
  { weight: 1, arbitrary: single(stepOf('redeem at once', { grant, times })) },
  { weight: 24, arbitrary: single(stepOf('refresh', { grant, back, resource, scopes: asked, at: fc.constant(0) })) },
  {
    weight: 5,
    arbitrary: single(
      stepOf('refresh', {
        ...{ grant, back, resource, scopes: asked },
        ...{ wrong: fc.constantFrom<Wrong>('the generation', ...wrongAnything), at: fc.nat(200) },
      }),
    ),
  },
  { weight: 4, arbitrary: single(stepOf('refresh at once', { grant, back, times })) },
  {
    weight: 3,
    arbitrary: single(
      stepOf('act for itself', {
        ...{ client: anybody, resource: fc.oneof(resource, resourceOrNone), scopes: asked },
        wrong: maybe(fc.constant<Wrong>('the secret'), 2),
      }),
    ),
  },
  { weight: 9, arbitrary: single(stepOf('wait', { seconds })) },
  { weight: 1, arbitrary: single(stepOf('end', { grant })) },
  { weight: 1, arbitrary: single(stepOf('rotate the secret', {})) },
  { weight: 1, arbitrary: single(stepOf('restart', {})) },
);

/** Sequences, most of which begin with what makes the rest interesting. */
export const steps: fc.Arbitrary<Step[]> = fc
  .tuple(fc.oneof({ weight: 4, arbitrary: start }, single(signIn)), fc.array(chapter, { maxLength: 30, size: 'max' }))
  .map(([first, rest]) => [...first, ...rest.flat()]);
