import type { Columns, Scalar, Source } from '../../sources/source.js';
import { fits, likeness } from './matches.js';
import { type Pairing, pairOff } from './pair-off.js';

/** A create of which it isn't known what it made. */
export interface OpenCreate {
  readonly writeId: string;
  /** The columns that it set. */
  readonly sent: Columns;
  /** Microseconds since 1970. */
  readonly sentAt: number;
  /** Until when the API may have made its task. */
  readonly endsAt: number;
  /** Whether the API must have finished with it when it was looked at. */
  readonly finished: boolean;
}

/** A task that is no row's own insert as far as is known. All times are microseconds since 1970 by the database's clock. */
export interface NewTask {
  /** Its id, or what there is of one. */
  readonly key: string;
  /** Null for one that can't be read. */
  readonly columns: Columns | null;
  readonly firstSeenAt: number;
  /** Between which moments it was made, as far as the API tells. */
  readonly madeFrom: number;
  readonly madeTo: number;
}

export type Verdict<Task> =
  | { readonly is: 'made'; readonly task: Task }
  | { readonly is: 'absent' }
  /** What is found may be another create's work, of which more will be known soon. */
  | { readonly is: 'early' }
  /** For a person: the tasks that it may have made, the likeliest first. */
  | { readonly is: 'unclear'; readonly tasks: readonly Task[] };

/**
 * Which of the new tasks a create has made. As many tasks just as was sent as creates that may have made them: each has made one. None, and
 * nothing else that it could have made, however different by now: it made nothing. A task that is just what another create sent is
 * that one's. Anything else is unclear. `create` is one of the `creates`.
 */
export function judgeCreate<Task extends NewTask>(
  source: Source,
  create: OpenCreate,
  creates: readonly OpenCreate[],
  tasks: readonly Task[],
): Verdict<Task> {
  const may = (by: OpenCreate, task: Task): boolean =>
    task.firstSeenAt > by.sentAt && task.madeTo >= by.sentAt && task.madeFrom <= by.endsAt;
  const fitsAs = (by: OpenCreate, task: Task) =>
    task.columns !== null && may(by, task) ? fits(source, by.sent, task.columns) : 'not';

  const rivals = groupBy(creates, ({ sent }) => sent['name']);
  const named = groupBy(tasks, ({ columns }) => columns?.['name']);
  const known = new Map<Scalar | undefined, Pairs<Task>>();
  // Whoever may have made the same task has sent the same name.
  const pairs = (name: Scalar | undefined): Pairs<Task> => {
    const pairing = known.get(name) ?? pairBoth(rivals.get(name) ?? [], named.get(name) ?? [], fitsAs);
    known.set(name, pairing);
    return pairing;
  };

  const { whole, near } = pairs(create.sent['name']);
  const just = whole.of(create).is === 'none' ? near.of(create) : whole.of(create);
  if (just.is === 'paired') return just.early ? { is: 'early' } : { is: 'made', task: just.task };

  let early = just.early;
  const left = tasks.filter((task) => {
    if (!may(create, task)) return false;
    const others = explainedByOthers(task);
    early ||= others.explained && others.early;
    return !others.explained;
  });
  if (early) return { is: 'early' };
  if (left.length === 0) return { is: 'absent' };
  const like = ({ columns }: Task) => (columns === null ? 0 : likeness(source, create.sent, columns));
  return { is: 'unclear', tasks: [...left].sort((a, b) => like(b) - like(a)) };

  function explainedByOthers(task: Task) {
    const nobody = { explained: false, early: false };
    if (task.columns === null) return nobody;
    const fit = fitsAs(create, task);
    const of = pairs(task.columns['name']);
    const justSo = of.whole.explains(task);
    if (fit !== 'whole' && justSo.explained) return justSo;
    return fit === 'not' ? of.near.explains(task) : nobody;
  }
}

interface Pairs<Task> {
  readonly whole: Pairing<OpenCreate, Task>;
  readonly near: Pairing<OpenCreate, Task>;
}

/** First by what is just as it was sent; among what that leaves, by what holds all that was sent and more. */
function pairBoth<Task>(
  creates: readonly OpenCreate[],
  tasks: readonly Task[],
  fitsAs: (by: OpenCreate, task: Task) => ReturnType<typeof fits>,
): Pairs<Task> {
  const whole = pairOff(creates, tasks, (by, task) => fitsAs(by, task) === 'whole');
  const near = pairOff(
    creates.filter((by) => whole.of(by).is === 'none'),
    tasks.filter((task) => !whole.explains(task).explained),
    (by, task) => fitsAs(by, task) !== 'not',
  );
  return { whole, near };
}

function groupBy<Item, Key>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
