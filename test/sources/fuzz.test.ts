import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical } from '../../src/sources/canonical.js';
import { decode } from '../../src/sources/decode.js';
import { easternToInstant, instantToEastern } from '../../src/sources/freshbooks/eastern-time.js';
import { lastPageOf, listingOf, taskOf } from '../../src/sources/freshbooks/listing.js';
import { resume } from '../../src/sources/freshbooks/place.js';
import { readError as freshbooksError } from '../../src/sources/freshbooks/read-error.js';
import type { DoorAnswer } from '../../src/sources/http/door.js';
import { ApiError } from '../../src/sources/http/errors.js';
import { serverTimeOf } from '../../src/sources/http/headers.js';
import type { HttpAnswer } from '../../src/sources/http/http.js';
import { judge } from '../../src/sources/http/verdict.js';
import { sources } from '../../src/sources/index.js';
import { lastPageOf as lastInvoicedPage, rowsOf } from '../../src/sources/invoiced/listing.js';
import { readError as invoicedError } from '../../src/sources/invoiced/read-error.js';
import { columnsOf, encode, keepMissing } from '../../src/sources/raw.js';
import { type ColumnType, FieldError, type Json, type JsonObject } from '../../src/sources/source.js';
import { fuzzing, hostileJson, hostileNumber, hostileText } from '../fuzz.js';

const json = hostileJson as fc.Arbitrary<Json>;
const value = fc.oneof(json, hostileText, hostileNumber, fc.boolean());
const both = [sources.invoiced, sources.freshbooks] as const;

/** A task of which any key may hold anything, in JSON as it would come over the wire. */
const taskLike = fc
  .record(
    {
      id: fc.oneof(fc.integer({ min: 1 }), value),
      taskid: value,
      name: fc.oneof(hostileText, value),
      tname: value,
      rate: fc.oneof(fc.record({ amount: fc.oneof(hostileText, money()), code: hostileText }), value),
      updated: fc.oneof(hostileText, wallTime(), value),
      due_date: fc.oneof(hostileNumber, value),
      created_at: value,
      complete: fc.oneof(fc.boolean(), value),
      billable: value,
      tax1: value,
      customer_id: fc.oneof(hostileNumber, value),
      vis_state: fc.oneof(fc.integer({ min: 0, max: 2 }), value),
      odd: value,
    },
    { requiredKeys: [] },
  )
  .map((task) => JSON.parse(JSON.stringify(task)) as JsonObject);

test.each(both)(
  '$name: whatever comes is a task or a report, and what is sent reads back as it was',
  (source) => {
    const { fields } = source;
    fc.assert(
      fc.property(fc.oneof(taskLike, json), (element) => {
        const decoded = decode(fields, element, ['id', 'taskid']);
        if (!decoded.ok) {
          expect(decoded.reason).not.toBe('');
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
          expect(decoded.id ?? '').not.toMatch(/[\0-\x1f\x7f-\x9f]|^.{41}/u);
          return;
        }
        const { columns, raw } = decoded.task;
        const whole = columnsOf(fields, raw);
        expect(whole).toMatchObject(columns);
        for (const field of fields.filter(({ writable, keys }) => writable && keys.length > 0)) {
          const sent = encode(fields, [field.name], whole);
          expect(field.decode(JSON.parse(JSON.stringify(sent)) as JsonObject)).toEqual(
            Object.fromEntries(field.columns.map(({ name }) => [name, whole[name]])),
          );
        }
        expect(keepMissing(fields, raw, raw)).toEqual(raw);
      }),
      fuzzing(500),
    );
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  },
);

test('the canonical form of a canonical form is itself, and what has none is a FieldError', () => {
  const type = fc.constantFrom<ColumnType>('text', 'integer', 'boolean', 'instant', 'money');
  const given = fc.oneof(value, money(), wallTime(), fc.date(), fc.bigInt());
  fc.assert(
    fc.property(type, given, (type, given) => {
      const column = { name: 'it', type, absent: null };
      const once = attempt(() => canonical(column, given));
      if (once instanceof Error) expect(once).toBeInstanceOf(FieldError);
      else expect(canonical(column, once)).toBe(once);
    }),
    fuzzing(2_000),
  );
});

test.each([
  ['invoiced', invoicedError],
  ['freshbooks', freshbooksError],
])('%s: any answer is a success or an error in one bounded line, of a kind that is known', (_, readError) => {
  const body = fc.oneof(
    json,
    fc.record({ type: value, message: value }, { requiredKeys: [] }),
    fc.record({ response: fc.record({ errors: fc.oneof(errorLike(), fc.array(errorLike()), value) }) }),
    fc.record({
      code: value,
      message: value,
      details: fc.oneof(
        value,
        fc.array(fc.record({ reason: value, metadata: fc.oneof(errorLike(), value) })),
      ),
    }),
    fc.record({ error: value, error_description: value }),
  );
  const text = fc.oneof(
    body.map((it) => JSON.stringify(it)),
    hostileText,
  );
  const status = fc.oneof(
    fc.constantFrom(200, 201, 302, 400, 401, 404, 409, 413, 422, 429, 500, 503),
    fc.integer({ min: 200, max: 599 }),
  );
  const header = fc.option(fc.oneof(hostileText, hostileNumber.map(String)), { nil: null });
  fc.assert(
    fc.property(status, text, header, (status, text, header) => {
      const answer: DoorAnswer = { status, text, header: () => header };
      const verdict = judge('a GET /b', answer, readError, 0);
      if ('json' in verdict) return;
      const { message, code, kind, words, retryAfterMs } = verdict.error;
      expect(message).toMatch(/^a GET \/b: \d{3} [a-z-]+( \(|;|$)/);
      expect(message).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}]|undefined|native code/u);
      expect(typeof kind).toBe('string');
      expect([words.length <= 500, (code ?? '').length <= 60, message.length < 800]).toEqual([
        true,
        true,
        true,
      ]);
      if (retryAfterMs !== null) expect(retryAfterMs >= 0 && retryAfterMs <= 3_600_000).toBe(true);
    }),
    fuzzing(2_000),
  );
});

test('the time in New York leads back to its instant, or an hour before it in the hour that comes twice', () => {
  const instant = fc.integer({ min: -62_135_510_400, max: 253_402_214_400 });
  fc.assert(
    fc.property(instant, (instant) => {
      const back = easternToInstant(instantToEastern(instant));
      // In 1883 New York gained 3 minutes and 58 seconds.
      expect([0, 3600, 238]).toContain(instant - back);
      expect(instantToEastern(back)).toBe(instantToEastern(instant));
    }),
    fuzzing(2_000),
  );
  fc.assert(
    fc.property(fc.oneof(hostileText, wallTime()), (text) => {
      const instant = attempt(() => easternToInstant(text));
      if (instant instanceof Error) expect(instant).toBeInstanceOf(FieldError);
      else expect(Number.isSafeInteger(instant)).toBe(true);
    }),
    fuzzing(2_000),
  );
});

test('any list is a page with a last page, or an ApiError', () => {
  const envelope = fc.record(
    { tasks: fc.oneof(fc.array(json), value), pages: value, total: value, page: value },
    { requiredKeys: [] },
  );
  const freshbooks = fc.oneof(
    envelope.map((result) => ({ response: { result } })),
    json,
  );
  fc.assert(
    fc.property(
      freshbooks,
      fc.integer({ min: 1, max: 1e9 }),
      fc.option(hostileText, { nil: null }),
      (body, number, link) => {
        const answer = { ...ANSWER, json: body as Json, header: () => link };
        for (const read of [
          () => lastPageOf(listingOf(answer), number),
          () => lastInvoicedPage(answer, rowsOf(answer), number),
        ]) {
          const last = attempt(read);
          if (last instanceof Error) expect(last).toBeInstanceOf(ApiError);
          else expect(last).toBeGreaterThanOrEqual(number);
        }
        expect(() => taskOf(body as Json)).not.toThrow();
      },
    ),
    fuzzing(1_000),
  );
});

test('any place to go on from is one that there is, and any Date a time that databases hold', () => {
  const place = fc.record({ scan: fc.oneof(fc.constant('deleted'), value), page: value, before: value });
  fc.assert(
    fc.property(place, hostileText, (place, date) => {
      const { scan, page } = resume(place as JsonObject);
      expect(scan === 'active' || scan === 'deleted').toBe(true);
      expect(Number.isSafeInteger(page) && page >= 1).toBe(true);
      const time = serverTimeOf(() => date);
      expect(time === null || (time >= 0 && time < 253_402_300_800_000)).toBe(true);
    }),
    fuzzing(1_000),
  );
});

const ANSWER: HttpAnswer = {
  status: 200,
  json: null,
  requestedAt: 1,
  arrival: async () => 2,
  serverTime: null,
  header: () => null,
};

function errorLike() {
  const errno = fc.oneof(
    fc.constantFrom<unknown>(1001, '1011', 1012, 'constructor', '__proto__', 'valueOf'),
    value,
  );
  return fc.record({ errno, message: fc.oneof(hostileText, value), field: value }, { requiredKeys: [] });
}

function money() {
  const digits = fc.stringMatching(/^[+-]?\d{0,45}(\.\d{0,45})?(e[+-]?\d{1,4})?$/);
  return fc.oneof(digits, fc.double().map(String));
}

function wallTime() {
  return fc.stringMatching(/^\d{4}-[01]\d-[0-3]\d [0-2]\d:[0-6]\d:[0-6]\d$/);
}

function attempt<Result>(work: () => Result): Result | Error {
  try {
    return work();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
