import { describe, expect, it } from 'vitest';
import { errorOf, namesOf, type ServedFreshBooks, serveFreshBooks } from './serve.js';

/** One task each at 23:30 Eastern on 20 June, 00:30 on 21 June and noon on 22 June; then A is archived, X deleted. */
async function serveThree(): Promise<ServedFreshBooks> {
  const served = await serveFreshBooks();
  const { people } = served.api;
  served.setClock('2026-06-21T03:30:00Z');
  people.createTask({ name: 'late on the 20th', rate: { amount: 25 }, billable: false });
  served.setClock('2026-06-21T04:30:00Z');
  people.createTask({ name: 'early on the 21st', rate: { amount: 50 } });
  served.setClock('2026-06-22T16:00:00Z');
  people.createTask({ name: 'on the 22nd', rate: { amount: 75 } });
  people.archiveTask(people.createTask({ name: 'archived' }).id);
  people.deleteTask(people.createTask({ name: 'deleted' }).id);
  return served;
}

const search = async (served: ServedFreshBooks, query: string) =>
  namesOf(await served.call('GET', `tasks?${query}`));

const everything = ['late on the 20th', 'early on the 21st', 'on the 22nd', 'archived'];

describe('searching tasks', () => {
  it.each([
    ['search[taskid]=159362', ['early on the 21st']],
    ['search[taskid]=159365', []],
    ['search[taskid]=x', []],
    ['search[taskids]=159363&search[taskids]=159361', ['late on the 20th', 'on the 22nd']],
    ['search[taskids][]=159363&search[taskids][]=159363', ['on the 22nd']],
    ['search[taskids][]=159361&search[taskid]=159362', []],
    ['search[billable]=false', ['late on the 20th']],
    ['search[rate_min]=25&search[rate_max]=50', ['late on the 20th', 'early on the 21st']],
    ['search[rate_min]=50.01', ['on the 22nd']],
    ['search[updated_min]=2026-06-21', ['early on the 21st', 'on the 22nd', 'archived']],
    ['search[updated_min]=2026-06-23', []],
    ['search[updated_max]=2026-06-21', ['late on the 20th']],
    ['search[updated_min]=2026-06-21&search[updated_max]=2026-06-22', ['early on the 21st']],
    ['search[updated_min]=2026-06-22&search[updated_max]=2026-06-21', []],
    ['search[updated_min]=2026-06-22&search[billable]=false', []],
    ['search[vis_state]=1', ['deleted']],
    ['search[vis_state]=2', ['archived']],
    ['search[vis_state]=0', ['late on the 20th', 'early on the 21st', 'on the 22nd']],
    ['search[vis_state]=1&search[updated_min]=2026-06-23', []],
    ['search[vis_state]=1&search[taskid]=159365', ['deleted']],
    ['search[vis_state]=1&search[taskid]=159361', []],
  ])('finds by %s', async (query, names) => {
    await using served = await serveThree();
    expect(await search(served, query)).toEqual(names);
  });

  it.each(['search[colour]=blue', 'billable=false', 'sort=updated_desc', 'search[billable]=perhaps'])(
    'ignores %s without a word',
    async (query) => {
      await using served = await serveThree();
      expect(await search(served, query)).toEqual(everything);
    },
  );

  it.each(['2026-06-21 00:00:00', '2026-06-21T00:00:00Z', '1782000000', '2026-02-30'])(
    'refuses the date %s',
    async (date) => {
      await using served = await serveThree();
      const answer = await served.call('GET', `tasks?search[updated_min]=${encodeURIComponent(date)}`);
      expect(errorOf(answer)).toEqual({ status: 422, errno: 1033, field: 'updated_min', value: date });
    },
  );

  it('counts what was found in total and pages', async () => {
    await using served = await serveThree();
    const { body } = await served.call('GET', 'tasks?search[updated_min]=2026-06-21&per_page=2&page=2');
    expect(body.response.result).toMatchObject({ page: 2, pages: 2, total: 3 });
  });
});

describe('what is not known about searching', () => {
  it('can ignore search[vis_state], which then shows everything but deleted tasks', async () => {
    await using served = await serveThree();
    served.api.options.searchVisState = 'ignored';
    expect(await search(served, 'search[vis_state]=1')).toEqual(everything);
    expect(await search(served, 'search[vis_state]=1&search[updated_max]=2026-06-21')).toEqual([
      'late on the 20th',
    ]);
  });

  it('can ignore the dates beside search[vis_state]', async () => {
    await using served = await serveThree();
    served.api.options.searchVisState = 'alone';
    expect(await search(served, 'search[vis_state]=1&search[updated_min]=2026-06-23')).toEqual(['deleted']);
    expect(await search(served, 'search[updated_min]=2026-06-23')).toEqual([]);
  });

  it('can count the day of updated_max in', async () => {
    await using served = await serveThree();
    served.api.options.updatedMax = 'inclusive';
    expect(await search(served, 'search[updated_max]=2026-06-21')).toEqual([
      'late on the 20th',
      'early on the 21st',
    ]);
  });

  it('can read the day in UTC, which begins in the evening before', async () => {
    await using served = await serveThree();
    served.api.options.searchZone = 'utc';
    expect(await search(served, 'search[updated_min]=2026-06-21')).toEqual(everything);
    expect(await search(served, 'search[updated_max]=2026-06-21')).toEqual([]);
  });

  it.each([
    ['id', everything],
    ['-id', [...everything].reverse()],
    ['updated', ['on the 22nd', 'archived', 'late on the 20th', 'early on the 21st']],
    ['-updated', ['early on the 21st', 'late on the 20th', 'on the 22nd', 'archived']],
    ['name', ['archived', 'early on the 21st', 'late on the 20th', 'on the 22nd']],
  ] as const)('can list in order of %s', async (order, names) => {
    await using served = await serveThree();
    const { people, options } = served.api;
    served.advance(1);
    people.touchService(159361);
    served.advance(1);
    people.touchService(159362);
    options.listOrder = order;
    expect(await search(served, '')).toEqual(names);
    expect(await search(served, 'search[updated_min]=2026-06-22')).toEqual(names);
  });
});
