import { sql } from 'drizzle-orm';
import { setPaused } from '../../../src/mirror/pause.js';
import type { Work } from '../../../src/sync/work.js';
import { seeToFailed } from './by-hand.js';
import { approve, perform } from './commands/work.js';
import { linksOf } from './links.js';
import { judge } from './oracle/index.js';
import { inOrder } from './scheduler.js';
import { rowsOf } from './sides.js';
import type { ModelWorld } from './world.js';

const ROUNDS = 60;
/** A row that waits for another's create, a second at a time, is not waited for so often. */
const PAUSE_MS = 10_000;

/** People stop, faults stop, and the worker goes on until another look changes nothing. Gives why it did not come to rest. */
export async function rest(world: ModelWorld): Promise<readonly string[]> {
  const { sandbox, scheduler, aside, working } = world;
  world.note('all stop');
  sandbox.faults.clear();
  for (const worker of world.workers) {
    worker.cut = null;
    worker.doom = null;
  }
  while (working.size > 0) await scheduler.finish(Promise.race(working), inOrder);
  if (!world.workers[0].pushes) {
    world.settings.push = true;
    world.kill(0);
  }
  for (const { source } of viewsOf(world)) await setPaused(aside, source, false);
  await consentIfNeeded(world);
  const apart = world.other !== null && world.setting.links?.trouble !== false;
  const faults = apart && world.other !== null ? await restBesideTrouble(world, world.other) : [];
  if (world.links !== null && faults.length === 0) return restTogether(world);
  for (const each of viewsOf(world)) if (faults.length === 0) faults.push(...(await restOne(each)));
  return faults;
}

/** Each source by itself. */
export const viewsOf = (world: ModelWorld): readonly ModelWorld[] =>
  world.other === null ? [world] : [world, world.other];

/** What is linked comes to rest together: what the one is sent may concern the other. */
async function restTogether(world: ModelWorld): Promise<readonly string[]> {
  const first = await settle(...viewsOf(world));
  if (first.length > 0) return first;
  let failed = 0;
  for (const each of viewsOf(world)) failed += await seeToFailed(each);
  return failed === 0 ? [] : settle(...viewsOf(world));
}

async function restOne(world: ModelWorld): Promise<readonly string[]> {
  const first = await settle(world);
  if (first.length > 0) return first;
  // With nothing in the way, what was refused goes through when it is sent again, or is refused for good.
  return (await seeToFailed(world)) === 0 ? [] : settle(world);
}

/** I10: one source comes to rest, and all holds there, while the other one's API answers nothing at all. */
async function restBesideTrouble(world: ModelWorld, other: ModelWorld): Promise<string[]> {
  const { sandbox, note } = world;
  note(`nothing is to be had from ${other.source}`);
  sandbox.faults.add({ api: other.source, route: '*', fault: { kind: 'reset' } });
  for (const kind of ['poll', 'push'] as const)
    await go(other, { kind }).catch((error: unknown) =>
      note(`${kind} of ${other.source} threw: ${String(error)}`),
    );
  const faults = [...(await restOne(world))];
  if (faults.length === 0) faults.push(...(await judge(world, false)).faults);
  sandbox.faults.clear();
  note(`${other.source} is there again`);
  return faults.map((fault) => `beside trouble at ${other.source}: ${fault}`);
}

async function settle(...views: readonly ModelWorld[]): Promise<readonly string[]> {
  for (let round = 0; round < ROUNDS; round++) if (await lookOnce(views)) return [];
  return ['it does not come to rest'];
}

/** Whether all rest. */
async function lookOnce(views: readonly ModelWorld[]): Promise<boolean> {
  for (const world of views) {
    await consentIfNeeded(world);
    await approve(world);
    const pushed = await go(world, { kind: 'push' });
    if (pushed.state === 'busy' || pushed.state === 'later') {
      const pause = pushed.state === 'busy' ? pushed.retryAfterMs : pushed.afterMs;
      await world.scheduler.wind(Math.max(PAUSE_MS, pause));
      return false;
    }
    if (pushed.state === 'done') return false;
  }
  const [world] = views;
  if (world === undefined) return true;
  // Longer than any event is late, and than any lease lives.
  await world.scheduler.wind(660_000);
  for (const each of views) await go(each, { kind: 'poll' });
  const before = await stateOf(views);
  let whole = true;
  for (const each of views) {
    const id = `rest ${each.scheduler.steps}`;
    const walked = await go(each, { kind: 'walk', request: { id, full: true, since: null, force: true } });
    whole &&= walked.state === 'done' && walked.outcome === 'ok';
  }
  const after = await stateOf(views);
  return whole && after === before && !after.includes('"sync_state":"pending"');
}

/** All rows, and where there are any, all links. */
async function stateOf(views: readonly ModelWorld[]): Promise<string> {
  const states: unknown[] = [];
  for (const { aside, source, links } of views)
    states.push(await rowsOf(aside, source), links === null ? null : await linksOf(aside));
  return JSON.stringify(states);
}

/** I5: at rest nothing is asked but lists, and no row changes. */
export async function atRest(world: ModelWorld): Promise<readonly string[]> {
  const { sandbox } = world;
  const before = await stateOf(viewsOf(world));
  const mark = sandbox.log.mark();
  await go(world, { kind: 'push' });
  await go(world, { kind: 'poll' });
  const asked = sandbox.log.entries({ after: mark }).map(({ route }) => route);
  const more = asked.filter((route) => !['tasks.list', 'events.list', 'oauth.token'].includes(route));
  return [
    ...(more.length > 0 ? [`at rest it asks for ${more.join(', ')}`] : []),
    ...((await stateOf(viewsOf(world))) === before ? [] : ['at rest rows change']),
  ];
}

export async function go(world: ModelWorld, asked: Pick<Work, 'kind' | 'request'>) {
  const [worker] = world.workers;
  world.note(`${worker.name} ${asked.kind}`);
  const work = perform(world, worker, asked);
  await world.scheduler.finish(work, inOrder);
  const result = await work;
  world.note(`${worker.name} ${asked.kind} ended: ${JSON.stringify(result)}`);
  if (result === 'killed') throw new Error('a worker was killed at rest');
  return result;
}

/** A person does what `sync.credentials` asks for. */
async function consentIfNeeded({ aside, consent, note }: ModelWorld): Promise<void> {
  const needed = await aside.rows(sql`select from sync.credentials where problem is not null`);
  if (needed.length === 0) return;
  note('a person consents again');
  await consent();
}
