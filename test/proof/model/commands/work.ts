import fc from 'fast-check';
import { setPaused } from '../../../../src/mirror/pause.js';
import { approveDeletes } from '../../../../src/mirror/pending.js';
import type { Work, WorkKind } from '../../../../src/sync/work.js';
import { inJob } from '../jobs.js';
import type { ModelWorld, Worker } from '../world.js';
import { type CommandKind, kind } from './kind.js';

const place = fc.constantFrom(0 as const, 1 as const);

/** What jobs ask the workers for, two of them on one database, and what ends them. */
export const work: readonly CommandKind[] = [
  kind('push', 16, place, (world, place) => begin(world, world.workers[place], { kind: 'push' })),
  kind('poll', 10, place, (world, place) => begin(world, world.workers[place], { kind: 'poll' })),
  kind('walk', 3, place, (world, place) => begin(world, world.workers[place], { kind: 'walk' })),
  kind(
    'resync',
    2,
    fc.record({ place, full: fc.boolean(), since: fc.boolean(), force: fc.boolean() }),
    async (world, { place, full, since, force }) => {
      // As the command does: it lets the deletes go too that wait here.
      if (force) await approve(world);
      begin(world, world.workers[place], {
        kind: full ? 'walk' : 'poll',
        request: {
          id: `request ${world.scheduler.steps}`,
          full,
          since: since ? world.scheduler.now() / 1000 - 3600 : null,
          force,
        },
      });
    },
  ),
  kind('crash', 4, place, (world, place) => world.kill(place)),
  kind(
    'begin anew, set otherwise',
    1,
    fc.record({
      place,
      policy: fc.constantFrom('remote' as const, 'local' as const, 'newest' as const),
      quietMs: fc.constantFrom(0, 1_000),
      walkSliceMs: fc.constantFrom(20_000, 5),
      push: fc.constantFrom(true, true, false),
    }),
    (world, { place, ...settings }) => {
      world.note(`set otherwise: ${JSON.stringify(settings)}`);
      Object.assign(world.settings, settings);
      world.kill(place);
    },
  ),
  kind(
    'crash after a step',
    3,
    fc.record({
      place,
      step: fc.constantFrom(
        'POST',
        'POST',
        'PATCH',
        'PUT',
        'DELETE',
        'insert into sync.writes',
        'update sync.writes',
        'commit',
      ),
      skip: fc.nat({ max: 2 }),
    }),
    (world, { place, step, skip }) => {
      const worker = world.workers[place];
      world.note(`${worker.name} will be killed after a step: ${step}, past ${skip}`);
      worker.doom = { step, skip };
    },
  ),
  kind(
    'hold up',
    6,
    fc.record({ place, steps: fc.integer({ min: 5, max: 120 }) }),
    (world, { place, steps }) => {
      const worker = world.workers[place];
      world.note(`${worker.name} is held up for ${steps} steps`);
      world.scheduler.hold(worker, steps);
    },
  ),
  kind(
    'cut a connection to the database',
    2,
    fc.record({ place, when: fc.constantFrom('before' as const, 'after' as const) }),
    (world, { place, when }) => {
      const worker = world.workers[place];
      world.note(`${worker.name}'s next connection is lost ${when} its statement`);
      worker.cut = when;
    },
  ),
  kind('pause or resume', 1, fc.boolean(), async (world, paused) => {
    world.note(paused ? 'it is paused' : 'it is resumed');
    await setPaused(world.aside, world.source, paused);
  }),
];

/** A person lets the deletes go that wait now. */
export async function approve({ aside, source, ledger }: ModelWorld): Promise<void> {
  await approveDeletes(aside, source);
  ledger.approve();
}

/** A worker's job, slice after slice, until it ends or its worker does. */
export function begin(world: ModelWorld, worker: Worker, asked: Pick<Work, 'kind' | 'request'>): void {
  world.begin(`${worker.name} ${asked.kind}`, () => perform(world, worker, asked));
}

export async function perform(
  world: ModelWorld,
  worker: Worker,
  asked: { readonly kind: WorkKind } & Pick<Work, 'request'>,
) {
  const killed = new Promise<'killed'>((resolve) => worker.onDeath(() => resolve('killed')));
  const stop = new AbortController();
  const braked = asked.kind !== 'push' && asked.request?.force !== true;
  const mine = { what: `${worker.name} ${asked.kind}`, braked };
  for (let continued = false; ; continued = true) {
    const job: Work = { ...asked, connection: world.source, ...(continued && { continued: true as const }) };
    const result = await Promise.race([
      inJob(mine, () => worker.perform(job, stop.signal, () => {})),
      killed,
    ]);
    if (result === 'killed' || result.state !== 'continue') return result;
  }
}
