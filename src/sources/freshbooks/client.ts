import type { FreshbooksAccount, SourceDeps } from '../account.js';
import type { HttpOutcome } from '../http/http.js';
import { pagesAhead } from '../pages-ahead.js';
import { readSingle } from '../single.js';
import type { Page, SingleAnswer, SourceClient } from '../source.js';
import type { TokenStore } from '../tokens.js';
import { easternDay } from './eastern-time.js';
import {
  decodeTask,
  ignoresDeleted,
  isShort,
  type Listing,
  lastPageOf,
  listingOf,
  PER_PAGE,
  stuckGuard,
  taskOf,
} from './listing.js';
import { beginning, type Place, resume } from './place.js';
import { DELETED } from './read-error.js';
import { IN_FLIGHT, openSession } from './session.js';
import { freshbooksWriter } from './writer.js';

type Query = Readonly<Record<string, string | number>>;

/** A client for one FreshBooks account, with the tokens of one user. */
export function openFreshbooks(
  account: FreshbooksAccount,
  store: TokenStore,
  deps: SourceDeps,
): SourceClient {
  const { ask, close } = openSession(account, store, deps);
  const path = `/accounting/account/${encodeURIComponent(account.accountId)}/projects/tasks`;

  return {
    changes: (since, signal) => changes(since, signal),
    walk: (from, signal) => walk(resume(from), {}, signal),
    // No events tell of tasks; deleted ones are listed.
    deletionHints: async function* () {},
    read: (id, signal) => read(id, signal),
    writer: freshbooksWriter({ path, ask, startWithinMs: deps.limits?.startWithinMs }),
    close,
  };

  async function* changes(since: number, signal: AbortSignal): AsyncGenerator<Page> {
    // Whole days, in a zone that nobody documents: the Eastern day before is early enough in all of them.
    yield* walk(beginning, { 'search[updated_min]': easternDay(since, -1) }, signal);
  }

  async function* walk(from: Place, query: Query, signal: AbortSignal): AsyncGenerator<Page> {
    let before = from.before;
    if (from.scan === 'active') {
      for await (const page of scan(from, query, signal)) {
        before = page.total ?? before;
        yield { ...page, next: page.next ?? { ...beginning, scan: 'deleted', before } };
      }
    }
    const start: Place = from.scan === 'deleted' ? from : { ...beginning, scan: 'deleted', before };
    yield* scan(start, { ...query, 'search[vis_state]': 1 }, signal);
  }

  async function* scan(from: Place, query: Query, signal: AbortSignal): AsyncGenerator<Page> {
    const guard = stuckGuard();
    const pages = pagesAhead(
      {
        first: from.page,
        width: IN_FLIGHT[deps.share],
        fetch: (page, aborted) => list({ ...query, per_page: PER_PAGE, page }, aborted),
        lastOf: (listing, number) => {
          guard(listing.rows);
          return from.scan === 'deleted' && number === from.page && ignoresDeleted(listing)
            ? number
            : lastPageOf(listing, number);
        },
      },
      signal,
    );
    for await (const { number, page: listing, last } of pages) {
      const { requestedAt, arrival, serverTime } = listing.answer;
      const next = last ? null : { ...from, page: number + 1 };
      const total = listing.total === null ? null : from.before + listing.total;
      const tasks = listing.rows.map(decodeTask);
      yield { tasks, requestedAt, arrival, serverTime, next, total, short: isShort(listing, number) };
    }
  }

  async function read(id: number, signal: AbortSignal): Promise<SingleAnswer> {
    const single = await readSingle(id, {
      ask: (each) => askForTask(each, signal),
      taskOf,
      isProof: ({ code }) => code === DELETED,
      others: async () => (await list({ per_page: 2 }, signal)).rows.map(decodeTask),
    });
    return single.answer === 'gone' ? ((await amongDeleted(id, signal)) ?? single) : single;
  }

  /** A deleted task may be refused on its own and still be listed: then it is known whole, and can be restored. */
  async function amongDeleted(id: number, signal: AbortSignal): Promise<SingleAnswer | null> {
    const query = { 'search[taskid]': id, 'search[vis_state]': 1, per_page: PER_PAGE };
    const { answer, rows } = await list(query, signal);
    const { requestedAt, serverTime } = answer;
    const answeredAt = await answer.arrival();
    const task = rows.map(decodeTask).find((row) => row.ok && row.task.id === id);
    return task?.ok && task.task.columns['vis_state'] === 1
      ? { requestedAt, answeredAt, serverTime, answer: task }
      : null;
  }

  function askForTask(id: number, signal: AbortSignal): Promise<HttpOutcome> {
    return ask({ route: 'tasks.get', method: 'GET', path: `${path}/${id}` }, signal);
  }

  async function list(query: Query, signal: AbortSignal): Promise<Listing> {
    const outcome = await ask({ route: 'tasks.list', method: 'GET', path, query }, signal);
    if (outcome.refusal) throw outcome.refusal;
    return listingOf(outcome);
  }
}
