import fc from 'fast-check';
import type { Fault } from '../../../../src/sandbox/index.js';
import type { SourceName } from '../../../../src/sources/source.js';
import { switches } from '../switches.js';
import { type CommandKind, kind } from './kind.js';

const when = fc.constantFrom('before' as const, 'after' as const);
const keys = fc.subarray(
  [
    'name',
    'description',
    'rate',
    'rate.amount',
    'billable',
    'tax1',
    'vis_state',
    'user_id',
    'customer_id',
    'complete',
    'due_date',
  ],
  { minLength: 1, maxLength: 3 },
);

/** Everything that an API or a network can do to a request, short of lying for good. */
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('reset' as const), when }),
  fc.record({ kind: fc.constant('hang' as const), when }),
  fc.record({ kind: fc.constant('cut' as const), when, abrupt: fc.boolean() }),
  fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(500, 502, 503, 504), when }),
  fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(409, 429, 408, 401) }),
  fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(400, 402, 403, 422) }),
  fc.record({
    kind: fc.constant('status' as const),
    status: fc.constantFrom(429, 503),
    headers: fc.constantFrom({ 'Retry-After': '0' }, { 'Retry-After': '20' }),
  }),
  fc.record({ kind: fc.constant('html' as const), status: fc.constantFrom(200, 404, 502), when }),
  fc.record({ kind: fc.constant('redirect' as const), location: fc.constant('http://127.0.0.1:1/'), when }),
  fc.record({
    kind: fc.constant('slow' as const),
    milliseconds: fc.constantFrom(500, 8_000, 29_000, 40_000),
    when,
  }),
  fc.record({ kind: fc.constant('keep-old' as const), keys }),
  fc.record({
    kind: fc.constant('cut-text' as const),
    keys: fc.constant(['name', 'description'] as const),
    length: fc.constant(9),
  }),
  fc.record({
    kind: fc.constant('round' as const),
    keys: fc.constant(['rate.amount'] as const),
    digits: fc.constant(0),
  }),
  fc.record({ kind: fc.constant('omit-keys' as const), keys }),
  fc.record({ kind: fc.constant('add-keys' as const), keys: fc.constant({ colour: 'red' }) }),
  fc.constant<Fault>({ kind: 'empty-list' }),
  fc.constant<Fault>({ kind: 'repeat-page' }),
  fc.constant<Fault>({ kind: 'duplicate-row' }),
  fc.record({ kind: fc.constant('drop-rows' as const), count: fc.integer({ min: 1, max: 3 }) }),
);

const route = fc.constantFrom(
  'tasks.create',
  'tasks.create',
  'tasks.update',
  'tasks.update',
  'tasks.delete',
  'tasks.get',
  'tasks.read',
  'tasks.list',
  'events.list',
  'oauth.token',
  'tasks.*',
);

/** What is not known of an API is now so, now otherwise: what it does may change at any time. */
const turning = (source: SourceName): CommandKind =>
  kind(
    `${source} changes its ways`,
    2,
    fc.record({ to: switches[source], which: fc.nat({ max: 40 }) }),
    ({ sandbox, note }, { to, which }) => {
      const all = Object.entries(to);
      const [name, value] = all[which % all.length] ?? [];
      if (name === undefined) return;
      note(`${source} changes its ways: ${name} is ${JSON.stringify(value)}`);
      Object.assign(sandbox[source].options, { [name]: value });
    },
    source,
  );

/** What goes wrong around the workers, and the time that passes. */
export const trouble: readonly CommandKind[] = [
  kind(
    'fault',
    12,
    fc.record({ route, fault, skip: fc.nat({ max: 2 }), times: fc.integer({ min: 1, max: 3 }) }),
    (world, rule) => {
      world.note(
        `fault at ${rule.route}: ${JSON.stringify(rule.fault)}, ${rule.times} times after ${rule.skip}`,
      );
      world.sandbox.faults.add({ api: world.source, ...rule });
    },
  ),
  kind(
    'lose an answer',
    8,
    fc.record({
      route: fc.constantFrom('tasks.create', 'tasks.update', 'tasks.update', 'tasks.delete', 'oauth.token'),
      fault: fc.oneof(
        fc.constant<Fault>({ kind: 'reset', when: 'after' }),
        fc.constant<Fault>({ kind: 'cut', when: 'after', abrupt: true }),
        fc.constant<Fault>({ kind: 'status', status: 500, when: 'after' }),
        fc.constant<Fault>({ kind: 'hang', when: 'after' }),
      ),
    }),
    (world, { route, fault }) => {
      world.note(`an answer of ${route} is lost: ${JSON.stringify(fault)}`);
      world.sandbox.faults.add({ api: world.source, route, fault, times: 1 });
    },
  ),
  kind(
    'lose what became of a create',
    1,
    fc.record({
      fault: fc.constantFrom<Fault>(
        { kind: 'reset', when: 'after' },
        { kind: 'hang', when: 'after' },
        { kind: 'status', status: 500, when: 'after' },
        { kind: 'cut', when: 'after', abrupt: true },
        { kind: 'slow', milliseconds: 40_000, when: 'after' },
        { kind: 'reset', when: 'before' },
        { kind: 'status', status: 502, when: 'before' },
      ),
      skip: fc.nat({ max: 1 }),
      times: fc.integer({ min: 1, max: 2 }),
    }),
    (world, rule) => {
      world.note(
        `it is lost what became of ${rule.times} creates after ${rule.skip}: ${JSON.stringify(rule.fault)}`,
      );
      world.sandbox.faults.add({ api: world.source, route: 'tasks.create', ...rule });
    },
  ),
  kind('no more faults', 2, fc.constant(null), (world) => {
    world.note('no more faults');
    world.sandbox.faults.clear();
  }),
  kind(
    'time passes',
    6,
    fc.constantFrom(2_000, 12_000, 31_000, 100_000, 600_000, 3_600_000, 90_000_000),
    async (world, milliseconds) => {
      world.note(`${milliseconds / 1000} s pass`);
      await world.scheduler.wind(milliseconds);
    },
  ),
  turning('invoiced'),
  turning('freshbooks'),
  kind("the API's clock jumps", 1, fc.constantFrom(-90_000, -5_000, 5_000, 90_000), (world, milliseconds) => {
    world.note(`the API's clock jumps by ${milliseconds / 1000} s`);
    world.sandbox.clock.advance(milliseconds);
  }),
  kind(
    'a new consent',
    1,
    fc.constant(null),
    (world) => {
      // A token that is being refreshed is locked until its answer comes.
      world.begin('a person consents again', () => world.consent(world.people));
    },
    'freshbooks',
  ),
];
