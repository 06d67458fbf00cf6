import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { reportError } from '../../src/cli/report-error.js';
import { exitCodeOf, TaskmirrorError } from '../../src/errors.js';
import { makeFolder, run } from './command.js';

const VERBS = [
  'start',
  'demo',
  'resync',
  'status',
  'plan',
  'verify',
  'conflicts',
  'links',
  'retry',
  'connections',
  'connect',
  'pause',
  'resume',
  'sql',
  'migrate',
  'doctor',
  'sandbox',
  'completion',
];

describe('wrong usage ends with 2 and one line that says what was meant', () => {
  test.each([
    [['squl'], "unknown verb 'squl' (did you mean sql?)"],
    [['fly'], "unknown verb 'fly'"],
    [['sandbox', '--seeds', '3'], "unknown option '--seeds' (did you mean --seed?)"],
    [['sandbox', '--seed'], "option '--seed <N>' argument missing"],
    [['sandbox', '--invoiced-port', '70000'], 'use a port from 0 to 65535'],
    [['migrate', 'now'], 'too many arguments'],
    [['conflicts', 'lst'], "unknown verb 'conflicts lst' (did you mean list?)"],
    [['connections', 'delete', 'west'], "unknown verb 'connections delete'"],
    [['connections', 'list', 'west'], 'too many arguments'],
    [['conflicts', 'restore', 'x'], "ID 'x' is invalid: use a whole number from 1 on"],
    [['pause'], "missing required argument 'NAME'"],
    [['--quiet'], "unknown option '--quiet'"],
  ])('%j', async (args, line) => {
    const { code, output, errors } = await run(args);
    expect(code).toBe(2);
    expect(output).toBe('');
    expect(errors).toMatch(/^taskmirror: [^\n]*; see taskmirror --help\n$/);
    expect(errors).toContain(line);
  });

  test('no verb at all shows the help', async () => {
    const { code, output, errors } = await run([]);
    expect({ code, output }).toEqual({ code: 2, output: '' });
    const told = [...errors.matchAll(/^ {2}([a-z]+) /gm)].map(([, verb]) => verb);
    expect(told).toEqual([...VERBS, 'help']);
  });
});

test.each(VERBS)('the help of %s has an example, on standard output', async (verb) => {
  const { code, output, errors } = await run([verb, '--help']);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(output).toMatch(new RegExp(`Example:\\n.*npx taskmirror ${verb}`));
});

test('the version is the package’s', async () => {
  expect(await run(['--version'])).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  });
});

describe('a wrong configuration ends with 2 and one line', () => {
  test.each([
    [{ POLL_EVERY: '0s' }, /^taskmirror: POLL_EVERY=0s is not valid: .*\n$/],
    [{ DATABASE_URL: 'mysql://u:SECRET@h/d' }, /^taskmirror: DATABASE_URL is not valid: .*\n$/],
    [
      { DATABASE_URL: 'postgres://u:SECRET@127.0.0.1:1/d' },
      /^taskmirror: The database at 127\.0\.0\.1:1\/d can't be reached .*DATABASE_URL.*\n$/,
    ],
    [{}, /^taskmirror: There is no mirror in .*`npm run demo`.*\n$/],
  ])('%j', async (env, line) => {
    const { code, errors } = await run(['sql', 'select 1'], { env });
    expect(code).toBe(2);
    expect(errors).toMatch(line);
    expect(errors).not.toContain('SECRET');
  });

  test('in .env too, and mistyped names are told', async () => {
    const folder = makeFolder();
    writeFileSync(join(folder, '.env'), 'POLL_EVRY=5s\n');
    const { errors } = await run(['sql', 'select 1'], { folder });
    expect(errors).toContain('taskmirror: POLL_EVRY is not a setting: did you mean POLL_EVERY?\n');
  });
});

describe('an error that nobody foresaw', () => {
  const error = new Error('connecting to postgres://me:hunter22@db failed\nin two lines', {
    cause: new Error('Failed query: select $1\nparams: token-0123'),
  });
  const report = (env: Record<string, string>) => {
    let text = '';
    reportError(error, { write: (more) => (text += more) }, env);
    return text;
  };

  test('is one line without a stack and without secrets, and counts as failed work', () => {
    expect(report({})).toBe(
      'taskmirror: connecting to postgres://me:[hidden]@db failed in two lines (LOG_LEVEL=debug shows where)\n',
    );
    expect(exitCodeOf(error)).toBe(1);
    expect(exitCodeOf(new TaskmirrorError('usage', 'no such connection'))).toBe(2);
  });

  test('shows where, and why, when debugging, still without secrets', () => {
    const text = report({ LOG_LEVEL: 'debug' });
    expect(text).toMatch(/\n {4}at .*run\.test\.ts/);
    expect(text).toContain('Failed query: select $1');
    expect(text).not.toMatch(/hunter22|token-0123/);
  });
});
