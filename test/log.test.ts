import { DrizzleQueryError } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { LogLevel } from '../src/config/config.js';
import { TaskmirrorError } from '../src/errors.js';
import { createLog } from '../src/log.js';

function logging(level: LogLevel = 'info', isTTY = false) {
  let text = '';
  const log = createLog(level, { isTTY, write: (more) => (text += more) });
  return { log, text: () => text, last: () => JSON.parse(text.trim().split('\n').at(-1) ?? '') };
}

test('a line is JSON with level, time and service, for programs', () => {
  const { log, last } = logging();
  log.info({ connection: 'invoiced', rows: 12 }, 'poll done');
  expect(last()).toMatchObject({
    level: 'info',
    service: 'taskmirror',
    connection: 'invoiced',
    rows: 12,
    msg: 'poll done',
  });
  expect(last().time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('what is below the level is not written', () => {
  const { log, text } = logging('warn');
  log.info('poll done');
  expect(text()).toBe('');
});

test('on a terminal it is a line for a person', () => {
  const { log, text } = logging('info', true);
  log.warn({ connection: 'invoiced' }, 'slow');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are taken off
  expect(text().replace(/\x1b\[\d+m/g, '')).toMatch(/^\d\d:\d\d:\d\d warn {2}slow connection=invoiced\n$/);
});

test("a task's name can't command the terminal", () => {
  const { log, text } = logging('info', true);
  log.info({ name: 'evil\x1b[2J\nforged line' }, 'seen\x1b]0;title\x07');
  expect(text()).toContain('evil?[2J?forged line');
  expect(text()).toContain('seen?]0;title?');
});

test('an error of ours has its code and words, one of others its stack', () => {
  const { log, last } = logging();
  log.error({ err: new TaskmirrorError('refused', 'no', { cause: new Error('why') }) }, 'push failed');
  expect(last().err).toMatchObject({
    type: 'TaskmirrorError',
    code: 'refused',
    message: 'no',
    cause: { message: 'why' },
  });
  expect(last().err.stack).toBeUndefined();
  log.error(new TypeError('x is not a function'));
  expect(last().err).toMatchObject({ type: 'TypeError', stack: expect.stringContaining('log.test.ts') });
});

test.each([
  [
    'a failed query’s parameters',
    (secret: string) => new DrizzleQueryError('insert $1', [secret], new Error('down')),
  ],
  [
    'a row in PostgreSQL’s detail',
    (secret: string) => Object.assign(new Error('duplicate'), { detail: `Key (t)=(${secret})` }),
  ],
  [
    'a query’s arguments',
    (secret: string) =>
      Object.assign(new Error('bad'), { parameters: [secret], args: [secret], query: secret }),
  ],
  ['a password in an address', (secret: string) => new Error(`connect postgres://me:${secret}@db:5432/x`)],
  ['a bearer token', (secret: string) => new Error(`sent Authorization: Bearer ${secret}`)],
  ['a token in a body', (secret: string) => new Error(`{"access_token":"${secret}","expires_in":1}`)],
  [
    'a token in a form',
    (secret: string) => new Error(`grant_type=refresh_token&refresh_token=${secret}&client_id=1`),
  ],
  [
    'any of these in a cause',
    (secret: string) => new Error('failed', { cause: new Error(`Basic ${secret}`) }),
  ],
])('no secret is logged from %s', (_, errorWith) => {
  const secret = 'c2VjcmV0OnNlY3JldA';
  for (const isTTY of [false, true]) {
    const { log, text } = logging('trace', isTTY);
    log.error({ err: errorWith(secret) }, 'failed');
    log.error(errorWith(secret));
    log.error(errorWith(secret).message);
    log.error({ cause: 'x' }, errorWith(secret).message);
    expect(text()).not.toContain(secret);
  }
});

test('keys that name a secret are hidden, in a child too', () => {
  const { log, text } = logging();
  log
    .child({ connection: 'freshbooks' })
    .info({ refreshToken: 'SECRET', app: { clientSecret: 'SECRET' } }, 'x');
  expect(text()).not.toContain('SECRET');
});

test('a secret is hidden however deep it lies, and in bytes', () => {
  const { log, text } = logging();
  const config = { invoiced: { apiKey: 'SECRET' }, list: [{ app: { clientSecret: 'SECRET' } }] };
  log.info({ config, credentialsKeys: [Buffer.from('SECRET')], nested: { words: 'Bearer SECRET-1' } }, 'x');
  expect(text()).not.toContain('SECRET');
  expect(text()).not.toContain(Buffer.from('SECRET').toJSON().data.join());
});

/** What has forged lines, cleared screens and turned texts round. */
const FORGED =
  'a\r\n{"level":"error"}\n14:00:00 error \x1b[2J\u009b2J\u0085\u2028\u2029\u202eb\u2066\ufeff\x7f';

test('a name or an error of an API can forge no line, for programs and for people', () => {
  for (const isTTY of [false, true]) {
    const { log, text } = logging('info', isTTY);
    log.warn({ task: FORGED, err: new Error(FORGED), nested: { [FORGED]: [FORGED] } }, FORGED);
    const [line, ...more] = text().split(/[\n\r\u0085\u2028\u2029]/);
    // On a terminal the frames of the stack follow, each a line of its own.
    const others = more.filter((each) => !/^ {4}at |^Error: a\?\?/.test(each));
    expect(others).toEqual(['']);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the log's own colours are taken off
    const plain = text().replace(/\x1b\[\d+m/g, '');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(plain).not.toMatch(/[\x1b\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]/);
    if (isTTY) continue;
    const nested = { [FORGED]: [FORGED] };
    expect(JSON.parse(line ?? '')).toMatchObject({ msg: FORGED, task: FORGED, nested });
  }
});
