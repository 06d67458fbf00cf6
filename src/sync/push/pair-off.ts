/** Who may have made what, paired off where the numbers are equal. */
export interface Pairing<By, Task> {
  /** `early`: more is to be known soon of somebody on whom this depends. */
  of(
    by: By,
  ):
    | { readonly is: 'paired'; readonly task: Task; readonly early: boolean }
    | { readonly is: 'none' | 'unequal'; readonly early: boolean };
  /** Whether somebody has made this task for certain, though it may not be known who: there are no more such tasks than makers. */
  explains(task: Task): { readonly explained: boolean; readonly early: boolean };
}

/** Makers and tasks that hang together through `edge` form a group: each is judged by itself. */
export function pairOff<By extends { readonly finished: boolean }, Task>(
  makers: readonly By[],
  tasks: readonly Task[],
  edge: (by: By, task: Task) => boolean,
): Pairing<By, Task> {
  const made = new Map(makers.map((by) => [by, tasks.filter((task) => edge(by, task))]));
  const groups = groupsOf(made).map((group) => ({
    ...group,
    partners: match(group.makers, made),
    early: group.makers.some(({ finished }) => !finished),
  }));
  return {
    of: (by) => {
      const group = groups.find(({ makers }) => makers.includes(by));
      if (group === undefined) return { is: 'none', early: false };
      const { early, partners } = group;
      const task = partners.get(by);
      const all = partners.size === group.makers.length && partners.size === group.tasks.size;
      return all && task !== undefined ? { is: 'paired', task, early } : { is: 'unequal', early };
    },
    explains: (task) => {
      const group = groups.find(({ tasks }) => tasks.has(task));
      const explained = group !== undefined && group.partners.size === group.tasks.size;
      return { explained, early: group?.early ?? false };
    },
  };
}

interface Group<By, Task> {
  readonly makers: readonly By[];
  readonly tasks: ReadonlySet<Task>;
}

function groupsOf<By, Task>(made: ReadonlyMap<By, readonly Task[]>): readonly Group<By, Task>[] {
  const groups: Group<By, Task>[] = [];
  for (const [by, tasks] of made) {
    if (tasks.length === 0) continue;
    const joined = groups.filter((group) => tasks.some((task) => group.tasks.has(task)));
    for (const group of joined) groups.splice(groups.indexOf(group), 1);
    groups.push({
      makers: [...joined.flatMap((group) => group.makers), by],
      tasks: new Set([...joined.flatMap((group) => [...group.tasks]), ...tasks]),
    });
  }
  return groups;
}

/** As many pairs as there can be: whoever finds only taken tasks asks their makers to take another (Kuhn's algorithm). */
function match<By, Task>(
  makers: readonly By[],
  made: ReadonlyMap<By, readonly Task[]>,
): ReadonlyMap<By, Task> {
  const maker = new Map<Task, By>();
  const take = (by: By, asked: Set<Task>): boolean => {
    for (const task of made.get(by) ?? []) {
      if (asked.has(task)) continue;
      asked.add(task);
      const other = maker.get(task);
      if (other !== undefined && !take(other, asked)) continue;
      maker.set(task, by);
      return true;
    }
    return false;
  };
  for (const by of makers) take(by, new Set());
  return new Map([...maker].map(([task, by]) => [by, task]));
}
