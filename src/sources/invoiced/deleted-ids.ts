import { isObject } from '../decode.js';
import type { Http } from '../http/http.js';
import { pagesAhead } from '../pages-ahead.js';
import type { Json } from '../source.js';
import { lastPageOf, PER_PAGE, rowsOf, stuckGuard } from './listing.js';

/**
 * Ids of tasks that events say were deleted at or after `since` (seconds since 1970), newest first. Events may be late, lost
 * or empty, so this is never the whole truth.
 */
export async function* deletedIds(
  http: Http,
  authorize: () => Promise<string>,
  since: number,
  signal: AbortSignal,
): AsyncGenerator<readonly number[]> {
  const guard = stuckGuard();
  const pages = pagesAhead(
    {
      first: 1,
      width: 1,
      fetch: async (page, aborted) => {
        const query = { type: 'task', start_date: Math.floor(since), per_page: PER_PAGE, page };
        const answer = await http.send(
          { route: 'events.list', method: 'GET', path: '/events', query, authorize },
          aborted,
        );
        return { answer, events: rowsOf(answer) };
      },
      lastOf: ({ answer, events }, number) => {
        guard(events);
        return events.some((event) => isOlder(event, since)) ? number : lastPageOf(answer, events, number);
      },
    },
    signal,
  );
  for await (const { page } of pages) {
    const ids = page.events.flatMap(deletedId);
    if (ids.length > 0) yield ids;
  }
}

/** Where `start_date` is not honoured, the order still tells the end. */
function isOlder(event: Json, since: number): boolean {
  return isObject(event) && typeof event['timestamp'] === 'number' && event['timestamp'] < Math.floor(since);
}

function deletedId(event: Json): number[] {
  if (!isObject(event) || event['type'] !== 'task.deleted' || !isObject(event['data'])) return [];
  const { object, previous } = event['data'];
  const ids = [object, previous].map((task) => (isObject(task) ? task['id'] : null));
  const id = ids.find((each) => typeof each === 'number' && Number.isSafeInteger(each) && each > 0);
  return typeof id === 'number' ? [id] : [];
}
