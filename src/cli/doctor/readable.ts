import { wrap } from '../../words/figures.js';
import type { Finding } from './finding.js';

const MARKS = { ok: 'ok', warning: 'warning', failed: 'FAILED', skipped: 'skipped' } as const;
const WIDTH = 80;
const INDENT = 9;

/** For a person, in lines of at most 80 letters. */
export function readable(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ state, subject, message, cure }) => [
    ...paragraph(MARKS[state], `${subject}: ${message}`),
    ...(cure === null ? [] : paragraph('', `-> ${cure}`)),
  ]);
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  const [failed, warnings] = [count('failed'), count('warning')];
  const sum =
    failed > 0
      ? `${failed} failed, ${warnings} to be looked at.`
      : warnings > 0
        ? `All works; ${warnings} to be looked at.`
        : 'All is well.';
  return [...lines, '', sum].join('\n');
}

/** As `doctor --json` prints them; the names are public. */
export function documentOf(findings: readonly Finding[]): object {
  return { ok: findings.every(({ state }) => state !== 'failed'), checks: findings };
}

function paragraph(mark: string, text: string): readonly string[] {
  return wrap(text, WIDTH - INDENT).map(
    (line, index) => `${(index === 0 ? mark : '').padEnd(INDENT)}${line}`,
  );
}
