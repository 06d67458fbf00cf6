import type { Sandbox } from '../../../src/sandbox/index.js';
import type { SourceName } from '../../../src/sources/source.js';
import type { Passing } from './gates.js';
import { changesBetween, type Ledger, labelOf } from './ledger.js';
import { type Told, toldByApi } from './sides.js';

/** Looks on at the API: which requests are under way there, and what they change. */
export interface Wire {
  watch(sandbox: Sandbox, ledger: Ledger, note: (what: string) => void): void;
  /** A request goes over; what this gives is told when it is over. */
  passes(request: Passing): (answered: boolean) => void;
  /** Requests that the API lets hang. */
  hanging(): number;
  /** After a step: what changed at the API was a worker's doing. */
  look(): void;
  /** After an act of people: what changed was theirs. */
  known(): void;
}

interface UnderWay extends Passing {
  readonly mark: number;
  /** Where the order of things stood when it went over. */
  readonly began: number;
}

export function createWire(source: SourceName): Wire {
  const underWay = new Set<UnderWay>();
  let there: { readonly sandbox: Sandbox; readonly ledger: Ledger; note(what: string): void } | null = null;
  let before: ReadonlyMap<string, Told> = new Map();
  /** Requests that ended in this step. */
  let ended: UnderWay[] = [];
  /** Writes that were given up: the API may do them all the same, later. */
  const givenUp: UnderWay[] = [];

  const entryOf = ({ mark }: UnderWay) => there?.sandbox.log.entries({ after: mark })[0];

  function look(): void {
    if (there === null || underWay.size + ended.length + givenUp.length === 0) return;
    const { sandbox, ledger } = there;
    const after = toldByApi(sandbox, source);
    const requests = [...ended, ...underWay, ...givenUp];
    ended = [];
    for (const change of changesBetween(before, after)) {
      const request = requests.find(
        ({ path, method }) => method !== 'GET' && path.endsWith(`/${change.task}`),
      );
      const keys = request === undefined ? [] : (entryOf(request)?.keys ?? []);
      ledger.write(change, request?.job ?? null);
      if (change.field === 'name' && change.before === null) tooMany(change);
      if (change.field === 'name') {
        const makes = (one: UnderWay) => one === request || (change.before === null && one.method === 'POST');
        for (const one of requests) if (makes(one)) tellRemade(one, change.task, change.after);
      }
      const asked = request === undefined || request.method === 'DELETE' || keys.includes(change.field);
      if (!asked && change.after !== null) ledger.bySelf(change);
    }
    before = after;
  }

  /** I3, at the moment of making: another task for an insert that has its tasks already. */
  function tooMany({ task, after }: { readonly task: string; readonly after: string | null }): void {
    // Where names come over links, the rows are counted at rest.
    if (there === null || !there.ledger.labelled) return;
    const label = labelOf(after ?? '', task);
    const wanted = [...there.ledger.inserts.values()].filter((each) => each === label).length;
    const had = countLabelled(before, label);
    if (wanted > 0 && had >= wanted)
      there.ledger.wrong(`${label}: task ${task} is made, though ${had} of ${wanted} are there`);
  }

  /** Of links it is asked which name the API has made of the one that it was sent. */
  function tellRemade(request: UnderWay, task: string, stored: string | null): void {
    if (there === null || there.ledger.labelled || !['POST', 'PUT', 'PATCH'].includes(request.method)) return;
    const sent = /"name":("(?:[^"\\]|\\.)*")/.exec(entryOf(request)?.body ?? '')?.[1];
    if (sent === undefined || stored === null || JSON.parse(sent) === stored) return;
    there.ledger.remake({ task, field: 'name', sent: String(JSON.parse(sent)), stored });
  }

  return {
    watch: (sandbox, ledger, note) => {
      there = { sandbox, ledger, note };
      before = toldByApi(sandbox, source);
    },
    passes: (request) => {
      const one: UnderWay = {
        ...request,
        mark: there?.sandbox.log.mark() ?? 0,
        began: there?.ledger.moment() ?? 0,
      };
      underWay.add(one);
      return (answered) => {
        // What it changed came before whoever asked was told of it.
        look();
        underWay.delete(one);
        ended.push(one);
        if (!answered && one.method !== 'GET') givenUp.push(one);
        const entry = entryOf(one);
        const { status = null, faults = [] } = entry ?? {};
        there?.note(`  ${status ?? 'no answer'}${faults.length > 0 ? ` (${faults.join(', ')})` : ''}`);
        const [, task] = /\/tasks\/(\d+)$/.exec(one.path) ?? [];
        if (!answered || status !== 200 || one.method === 'DELETE' || task === undefined) return;
        there?.ledger.read({ task, began: one.began, job: one.job, blind: faults.includes('omit-keys') });
        // It says that it has taken what it was sent, and holds what it held.
        tellRemade(one, task, before.get(task)?.['name'] ?? null);
      };
    },
    hanging: () => [...underWay].filter((one) => entryOf(one)?.faults.includes('hang')).length,
    look,
    known: () => {
      if (there !== null) before = toldByApi(there.sandbox, source);
    },
  };
}

/** How many tasks at the API bear this label and are not deleted. */
export const countLabelled = (tasks: ReadonlyMap<string, Told>, label: string): number =>
  [...tasks].filter(([id, task]) => task['vis_state'] !== '1' && labelOf(task['name'] ?? '', id) === label)
    .length;
