import { z } from 'zod';
import { decode, isObject } from '../decode.js';
import { endlessGuard } from '../endless.js';
import { ApiError } from '../http/errors.js';
import type { HttpAnswer } from '../http/http.js';
import type { Decoded, Json } from '../source.js';
import { fields } from './fields.js';

/** More is capped without a word. */
export const PER_PAGE = 100;

const listAnswer = z.object({
  response: z.object({
    result: z.object({
      tasks: z.array(z.unknown()),
      pages: z.number(),
      // No nonsense in it is worth a page.
      total: z.number().nullable().catch(null).default(null),
    }),
  }),
});

export interface Listing {
  readonly answer: HttpAnswer;
  readonly rows: readonly Json[];
  readonly pages: number;
  readonly total: number | null;
}

/** Throws ApiError (`unreadable`) for a body of any other shape. */
export function listingOf(answer: HttpAnswer): Listing {
  const parsed = listAnswer.safeParse(answer.json);
  if (!parsed.success) {
    const { status } = answer;
    throw new ApiError({
      kind: 'unreadable',
      request: 'freshbooks listing',
      status,
      detail: 'not a list of tasks',
    });
  }
  const { tasks, pages, total } = parsed.data.response.result;
  return { answer, rows: tasks as Json[], pages, total };
}

/**
 * The last page's number as far as this one tells. `pages` may count rows that the caller can't read, so an empty page is
 * the end too.
 */
export function lastPageOf({ rows, pages }: Listing, number: number): number {
  return rows.length === 0 ? number : Math.max(number, pages);
}

/** Whether this page has fewer rows than the total says. It may count rows that the caller can't read. */
export function isShort({ rows, total }: Listing, number: number): boolean {
  return rows.length < Math.min(PER_PAGE, (total ?? 0) - (number - 1) * PER_PAGE);
}

/** Whether `search[vis_state]=1` was ignored, as filters that FreshBooks doesn't know are: rows came, and none is deleted. */
export function ignoresDeleted({ rows }: Listing): boolean {
  return rows.length > 0 && !rows.some((row) => isObject(row) && row['vis_state'] === 1);
}

export const stuckGuard = () => endlessGuard('freshbooks');

export function decodeTask(row: Json): Decoded {
  return decode(fields, row, ['id', 'taskid']);
}

/** The task of `{"response":{"result":{"task":{…}}}}`; null for any other shape. */
export function taskOf(json: Json): Decoded | null {
  const response = isObject(json) ? json['response'] : null;
  const result = isObject(response) ? response['result'] : null;
  const task = isObject(result) ? result['task'] : null;
  return isObject(task) ? decodeTask(task) : null;
}
