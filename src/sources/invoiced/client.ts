import type { InvoicedAccount, SourceDeps } from '../account.js';
import { decode } from '../decode.js';
import { type HttpAnswer, type HttpOutcome, openHttp } from '../http/http.js';
import type { HttpRequest } from '../http/request.js';
import { pagesAhead } from '../pages-ahead.js';
import { readSingle } from '../single.js';
import type { Decoded, Json, Page, Position, SingleAnswer, SourceClient } from '../source.js';
import { deletedIds } from './deleted-ids.js';
import { fields } from './fields.js';
import { isShort, lastPageOf, PER_PAGE, rowsOf, stuckGuard, tellsOfNext } from './listing.js';
import { readError } from './read-error.js';
import { invoicedWriter } from './writer.js';

/** In all 10: the API refuses more than 20 in flight for one key. */
const IN_FLIGHT = { poll: 1, walk: 2, push: 5, once: 2 };

/** A client for one Invoiced account. HTTP Basic: the key is the user name, the password is empty. */
export function openInvoiced(account: InvoicedAccount, deps: SourceDeps): SourceClient {
  const http = openHttp({ name: 'invoiced', baseUrl: account.baseUrl, inFlight: IN_FLIGHT, readError }, deps);
  const authorization = `Basic ${Buffer.from(`${account.apiKey}:`).toString('base64')}`;
  const authorize = async (): Promise<string> => authorization;

  const ask = (request: HttpRequest, signal: AbortSignal): Promise<HttpOutcome> =>
    http.ask({ ...request, authorize }, signal);

  const list = (query: Readonly<Record<string, string | number>>, signal: AbortSignal): Promise<HttpAnswer> =>
    http.send({ route: 'tasks.list', method: 'GET', path: '/tasks', query, authorize }, signal);

  return {
    // There is no filter by time: the changed rows are the front of the newest-first order.
    changes: (since, signal) =>
      tasks(
        1,
        { sort: 'updated_at desc,id desc' },
        (decoded) => decoded().some((row) => isOlder(row, since)),
        signal,
      ),
    walk: (from, signal) => tasks(pageOf(from), {}, () => false, signal),
    deletionHints: (since, signal) => deletedIds(http, authorize, since, signal),
    read,
    writer: invoicedWriter({ ask, read, taskOf: decodeTask, startWithinMs: deps.limits?.startWithinMs }),
    close: () => http.close(),
  };

  function read(id: number, signal: AbortSignal): Promise<SingleAnswer> {
    return readSingle(id, {
      ask: (each) => ask({ route: 'tasks.get', method: 'GET', path: `/tasks/${each}` }, signal),
      taskOf: decodeTask,
      // `Task was not found: 788`. Another 404 could be said of the whole path.
      isProof: ({ kind, words }) => kind === 'not-found' && words.split(/\D+/).includes(String(id)),
      others: async () => rowsOf(await list({ per_page: 2 }, signal)).map(decodeTask),
    });
  }

  async function* tasks(
    first: number,
    query: Readonly<Record<string, string>>,
    reachedEnd: (decoded: () => readonly Decoded[]) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<Page> {
    const guard = stuckGuard();
    const pages = pagesAhead(
      {
        first,
        // Pages without a sort are by a key cursor: in order, one at a time.
        width: 1,
        fetch: async (page, aborted) => {
          const answer = await list({ ...query, per_page: PER_PAGE, page }, aborted);
          const rows = rowsOf(answer);
          let tasks: readonly Decoded[] | null = null;
          // The next page is asked for before this one is decoded.
          return { answer, rows, decoded: () => (tasks ??= rows.map(decodeTask)) };
        },
        lastOf: ({ answer, rows, decoded }, number) => {
          guard(rows);
          return reachedEnd(decoded) ? number : lastPageOf(answer, rows, number);
        },
      },
      signal,
    );
    for await (const { number, page, last } of pages) {
      const { requestedAt, arrival, serverTime } = page.answer;
      const next = last ? null : { page: number + 1 };
      const total = totalOf(page.answer);
      const short = isShort(page.rows, number, total, tellsOfNext(page.answer));
      yield { tasks: page.decoded(), requestedAt, arrival, serverTime, next, total, short };
    }
  }
}

function decodeTask(row: Json): Decoded {
  return decode(fields, row);
}

/** A row without a time says nothing of the rows behind it. */
function isOlder(row: Decoded, since: number): boolean {
  const updatedAt = row.ok ? row.task.columns['updated_at'] : null;
  return typeof updatedAt === 'number' && updatedAt < since;
}

function totalOf(answer: HttpAnswer): number | null {
  const total = Number.parseInt(answer.header('x-total-count') ?? '', 10);
  return Number.isSafeInteger(total) && total >= 0 ? total : null;
}

function pageOf(from: Position | null): number {
  const page = from?.['page'];
  return typeof page === 'number' && Number.isSafeInteger(page) && page > 0 ? page : 1;
}
