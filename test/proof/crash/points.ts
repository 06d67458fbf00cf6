import type { WorkKind } from '../../../src/sync/work.js';
import type { Connection } from '../../sync/world.js';
import type { Moment } from './wire.js';

/** A point at which a worker can die, in words, and how it is told on the wire. */
export interface NamedPoint {
  readonly name: string;
  readonly kind: WorkKind;
  readonly what: string | RegExp;
  readonly moment: Moment;
  /** Lets so many pass that are called the same. */
  readonly skip?: number;
  /** Where it comes by at one API alone. */
  readonly only?: Connection;
}

const BEGUN = /^commit of insert sync\.runs/;
/** Where all are new, it is one statement. */
const MERGED =
  /^(commit of update \w+\.tasks, insert \w+\.tasks, insert sync\.conflicts|insert \w+\.tasks, in one trip)$/;
const FINISHED = /^update sync\.leases, update sync\.runs, insert sync\.cursors/;
/** With all that a walk leaves behind. */
const ENDED =
  /^commit of update sync\.leases, update sync\.runs, insert sync\.cursors.*delete sync\.walk_pages/;
const INTENT =
  /^(commit of (update \w+\.tasks, insert \w+\.tasks, insert sync\.conflicts, )?update \w+\.tasks, insert sync\.writes(, update \w+\.tasks)?|update \w+\.tasks, insert sync\.writes, in one trip)$/;
const SETTLED = /^commit of .*update sync\.writes$/;
const CHANGE = /^(PATCH|PUT) tasks\/:id$/;

/**
 * Each thing that a poll, a walk and a push do to the database or the API, just before and just after. Between two of them
 * a worker changes nothing, so that to die there is to die at one of these. Those of the token are in crash-tokens.test.ts,
 * those of a migration in crash-migrate.test.ts.
 */
export const points: readonly NamedPoint[] = [
  { name: 'its run is begun', kind: 'poll', what: BEGUN, moment: 'after' },
  { name: 'a page is asked for', kind: 'poll', what: 'GET tasks', moment: 'before' },
  { name: 'a page is answered', kind: 'poll', what: 'GET tasks', moment: 'after' },
  { name: 'a page is written, not committed', kind: 'poll', what: MERGED, moment: 'before' },
  { name: 'a page is committed', kind: 'poll', what: MERGED, moment: 'after' },
  {
    name: 'deletions are held back',
    kind: 'poll',
    what: 'insert sync.held_deletions',
    moment: 'after',
    only: 'freshbooks',
  },
  { name: 'hints are answered', kind: 'poll', what: 'GET events', moment: 'after', only: 'invoiced' },
  { name: 'a deletion is confirmed', kind: 'poll', what: 'GET tasks/:id', moment: 'after', only: 'invoiced' },
  { name: 'deletions are committed', kind: 'poll', what: MERGED, moment: 'after', skip: 1 },
  {
    name: 'held deletions are forgotten',
    kind: 'poll',
    what: 'delete sync.held_deletions',
    moment: 'after',
    skip: 1,
    only: 'freshbooks',
  },
  { name: 'it is about to end', kind: 'poll', what: FINISHED, moment: 'before' },
  { name: 'it has ended', kind: 'poll', what: FINISHED, moment: 'after' },

  { name: 'its run is begun', kind: 'walk', what: BEGUN, moment: 'after' },
  { name: 'it is opened', kind: 'walk', what: 'insert sync.walks', moment: 'after' },
  { name: 'a page is committed', kind: 'walk', what: MERGED, moment: 'after' },
  { name: 'its place is kept', kind: 'walk', what: /insert sync\.walk_pages/, moment: 'after' },
  { name: 'an absence is confirmed', kind: 'walk', what: 'GET tasks/:id', moment: 'after', only: 'invoiced' },
  { name: 'its deletions are committed', kind: 'walk', what: MERGED, moment: 'after', skip: 1 },
  { name: 'its end is written, not committed', kind: 'walk', what: ENDED, moment: 'before' },
  { name: 'its end is committed', kind: 'walk', what: ENDED, moment: 'after' },

  { name: 'its run is begun', kind: 'push', what: BEGUN, moment: 'after' },
  { name: 'a look is answered', kind: 'push', what: 'GET tasks/:id', moment: 'after' },
  { name: 'an intent is written, not committed', kind: 'push', what: INTENT, moment: 'before' },
  { name: 'an intent is committed', kind: 'push', what: INTENT, moment: 'after' },
  { name: 'the last intent is committed', kind: 'push', what: INTENT, moment: 'after', skip: 4 },
  { name: 'a create is on its way', kind: 'push', what: 'POST tasks', moment: 'before' },
  { name: 'a create is done', kind: 'push', what: 'POST tasks', moment: 'after' },
  {
    name: 'a restore by a create is done',
    kind: 'push',
    what: 'POST tasks',
    moment: 'after',
    skip: 1,
    only: 'invoiced',
  },
  {
    name: 'a restored task has its new id, not committed',
    kind: 'push',
    what: 'insert sync.retired_ids',
    moment: 'after',
    only: 'invoiced',
  },
  { name: 'a change is on its way', kind: 'push', what: CHANGE, moment: 'before' },
  { name: 'a change is done', kind: 'push', what: CHANGE, moment: 'after' },
  {
    name: 'the second call of one row is done',
    kind: 'push',
    what: CHANGE,
    moment: 'after',
    skip: 4,
    only: 'freshbooks',
  },
  {
    name: 'a delete is on its way',
    kind: 'push',
    what: 'DELETE tasks/:id',
    moment: 'before',
    only: 'invoiced',
  },
  { name: 'a delete is done', kind: 'push', what: 'DELETE tasks/:id', moment: 'after', only: 'invoiced' },
  { name: 'an answer is written, not committed', kind: 'push', what: SETTLED, moment: 'before' },
  { name: 'an answer is committed', kind: 'push', what: SETTLED, moment: 'after' },
  { name: 'it is about to end', kind: 'push', what: FINISHED, moment: 'before' },
  { name: 'it has ended', kind: 'push', what: FINISHED, moment: 'after' },
];
