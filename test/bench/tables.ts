import { targets, works, type Work } from './contenders.js';
import type { Result } from './results.js';

/** Above this share of its core, it is the load that held a throughput down. */
const busy = 0.95;

/** The tables, in Markdown: ratios to the bare server, factors to the best peer, and the figures behind them. */
export function tablesOf(results: readonly Result[]): string {
  return [ratios(results), factors(results), notes(results), details(results)].filter(Boolean).join('\n\n');
}

function ratios(results: readonly Result[]): string {
  const measured = (result: Result) => [
    result.contender.name,
    ...works.map((work) => ratioText(result.works.get(work)?.ratio)),
    `${ratioText(result.start.ratio)} (${result.start.milliseconds.toFixed(0)} ms)`,
  ];
  const wanted = results.some(({ contender }) => contender.kind === 'ours') ? targets : [];
  return table(
    ['× the CPU time of bare `node:http`', ...works, 'start to first answer'],
    [
      ...results.filter(({ contender }) => contender.kind !== 'peer').map(measured),
      ...wanted.map(({ name, ratios }) => [`_target, ${name}_`, ...works.map((work) => `_${ratios[work]}_`), '']),
      ...results.filter(({ contender }) => contender.kind === 'peer').map(measured),
    ],
  );
}

/** How many times less our servers need than the peer that needs least. */
function factors(results: readonly Result[]): string {
  const peers = results.filter(({ contender }) => contender.kind === 'peer');
  const ours = results.filter(({ contender }) => contender.kind === 'ours');
  if (peers.length === 0 || ours.length === 0) return '';
  const best = new Map(works.map((work) => [work, bestOf(peers, work)]));
  return table(
    ['× less than the best peer', ...works],
    [
      ['_best peer_', ...works.map((work) => best.get(work)?.name ?? '–')],
      ...ours.map((result) => [
        result.contender.name,
        ...works.map((work) => {
          const [own, other] = [result.works.get(work)?.ratio, best.get(work)?.ratio];
          return own && other ? (other / own).toFixed(2) : '–';
        }),
      ]),
    ],
  );
}

function bestOf(peers: readonly Result[], work: Work) {
  return peers
    .flatMap(({ contender: { name }, works }) => {
      const ratio = works.get(work)?.ratio;
      return ratio === undefined ? [] : [{ name, ratio }];
    })
    .sort((one, other) => one.ratio - other.ratio)[0];
}

function notes(results: readonly Result[]): string {
  return results
    .flatMap(({ contender: { name, note } }) => (note === undefined ? [] : [`- ${name}: ${note}`]))
    .join('\n');
}

function details(results: readonly Result[]): string {
  const oneWork = (work: Work) => {
    const rows = results.flatMap(({ contender, works }) => {
      const figures = works.get(work);
      if (!figures) return [];
      const { cpu, perSecond, p50, p99 } = figures;
      const limited = cpu * perSecond < busy * 1e6 ? '¹' : '';
      return [[contender.name, cpu.toFixed(0), perSecond.toFixed(0) + limited, p50.toFixed(1), p99.toFixed(1)]];
    });
    return rows.length === 0 ? [] : [table([work, 'CPU, µs', 'per second', 'p50, ms', 'p99, ms'], rows)];
  };
  return [
    '<details><summary>CPU time, throughput and latency</summary>',
    ...works.flatMap(oneWork),
    '¹ The server had time left on its core: the load, a disk or a database kept it waiting.',
    '</details>',
  ].join('\n\n');
}

function ratioText(ratio: number | undefined): string {
  if (ratio === undefined) return '–';
  return ratio < 9.95 ? ratio.toFixed(2) : ratio.toFixed(1);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_cell, index) => (index === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
