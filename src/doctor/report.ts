import type { Level } from './check.js';
import type { Examination, Finding } from './examine.js';

/** How a report looks. */
export interface ReportStyle {
  readonly colours: boolean;
  /** Columns that text is folded to. */
  readonly width: number;
}

const marks: Readonly<Record<Level, { readonly mark: string; readonly colour: number }>> = {
  well: { mark: '✓', colour: 32 },
  warning: { mark: '!', colour: 33 },
  fault: { mark: '✗', colour: 31 },
  skipped: { mark: '–', colour: 90 },
};

/** Writes findings as lines for people, as they come: the first one of a group brings the group's title. */
export function createReport(print: (line: string) => void, style: ReportStyle): (finding: Finding) => void {
  let group: string | undefined;
  return (finding) => {
    if (finding.group !== group) {
      group = finding.group;
      print('');
      print(`  ${painted(group, 1, style)}`);
    }
    for (const line of linesOf(finding, style)) print(line);
  };
}

function linesOf({ level, title, seen, matters, remedy }: Finding, style: ReportStyle): string[] {
  const { mark, colour } = marks[level];
  const isBad = level === 'fault' || level === 'warning';
  const beside = !isBad && seen.length > 0 ? painted(` (${seen.join(' ')})`, 90, style) : '';
  return [
    `    ${painted(mark, colour, style)} ${title}${beside}`,
    ...(isBad ? seen.flatMap((each) => folded('seen', each, style)) : []),
    ...(matters === undefined ? [] : folded('why ', matters, style)),
    ...(remedy === undefined ? [] : folded('mend', remedy, style)),
  ];
}

/** The last lines: what it comes to. */
export function summary(findings: readonly Finding[], style: ReportStyle): string[] {
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const [faults, warnings] = [count('fault'), count('warning')];
  const text =
    faults + warnings === 0
      ? 'All is well.'
      : `${counted(faults, 'fault')}, ${counted(warnings, 'warning')}, ${count('well')} checks well.`;
  return ['', `  ${painted(text, faults > 0 ? 31 : warnings > 0 ? 33 : 32, style)}`, ''];
}

const counted = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;

/** The same for programs. */
export function reportDocument({ deployment }: Examination, findings: readonly Finding[]): object {
  const { entered, mcpUrl, issuer } = deployment;
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  return { url: entered.href, mcpUrl, issuer, faults: count('fault'), warnings: count('warning'), checks: findings };
}

function painted(text: string, colour: number, { colours }: ReportStyle): string {
  return colours ? `\u001b[${colour}m${text}\u001b[0m` : text;
}

/** Breaks text at spaces, with its label before the first line. */
function folded(label: string, text: string, { width }: ReportStyle): string[] {
  const indent = '        ';
  const room = Math.max(30, width - indent.length - label.length - 2);
  const lines = text.split('\n').flatMap((paragraph) => {
    const rows: string[] = [];
    for (const word of paragraph.split(' ')) {
      const last = rows.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= room) rows[rows.length - 1] = `${last} ${word}`;
      else rows.push(word);
    }
    return rows;
  });
  return lines.map((line, index) => `${indent}${index === 0 ? label : ' '.repeat(label.length)}  ${line}`);
}
