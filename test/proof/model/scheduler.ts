import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { type Job, jobNow } from './jobs.js';

/** Whose steps these are: one life of a worker, a person, the API itself. */
export interface Actor {
  readonly name: string;
  readonly dead: boolean;
  /** Called at its death, in the order of asking. */
  onDeath(act: () => void): void;
}

export interface Mortal extends Actor {
  dead: boolean;
  die(): void;
}

export function createActor(name: string): Mortal {
  const acts: (() => void)[] = [];
  const actor: Mortal = {
    name,
    dead: false,
    onDeath: (act) => void acts.push(act),
    die: () => {
      actor.dead = true;
      for (const act of acts.splice(0)) act();
    },
  };
  return actor;
}

/** Something that stands at the gate and can go on now. */
interface Waiting {
  readonly actor: Actor;
  readonly what: string;
  readonly serial: number;
  readonly job: Job | null;
  readonly go: () => void;
}

interface GateOptions {
  /** Tells apart what stands at the gate with the same words: which of them came first may be up to the machine. */
  readonly serial?: number;
  /** Given what takes it out of the line. */
  readonly withdraw?: (act: () => boolean) => void;
}

interface Timer {
  readonly at: number;
  readonly actor: Actor;
  readonly ring: () => void;
}

/** What is not known to the event loop: whether statements wait for a lock, and requests for an answer that does not come. */
export interface Outside {
  /** Statements that wait for another transaction's lock. */
  blocked(): Promise<number>;
  /** Requests that the API lets hang, or answers later by its own timer. */
  parked(): number;
  /** Told before each step, and after it, when all stands still again. */
  before(step: number, at: number, actor: string, what: string): void;
  after(actor: string, what: string, job: Job | null): Promise<void>;
}

/**
 * Decides which pending step of input or output goes on next, one at a time: a step announces itself, is let go, and all that it sets off
 * runs until everything stands still again. Time stands still too, but for a millisecond a step; it is wound to the next timer when nothing
 * else can go on. So the same choices give the same history.
 */
export interface Scheduler {
  /** Milliseconds since 1970. */
  now(): number;
  /** How many steps were let go so far. */
  readonly steps: number;
  /** Stands at the gate until it is let go. A dead actor's never is. */
  gate(actor: Actor, what: string, options?: GateOptions): Promise<void>;
  /** Input or output under way, until what this returns is called. */
  enter(): () => void;
  sleep(actor: Actor, milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** In place of `AbortSignal.timeout`: a process that was held up finds its timers due before it goes on. */
  timeout(milliseconds: number): AbortSignal;
  /** Lets so many steps go, chosen by `random`; fewer when nothing is left to do. */
  run(steps: number, random: () => number): Promise<void>;
  /** Lets steps go until this has ended. Throws when it does not within so many steps. */
  finish(work: Promise<unknown>, random: () => number, most?: number): Promise<void>;
  /** The clock goes on by so much at once; whoever waits is late. */
  wind(milliseconds: number): Promise<void>;
  /** An actor is held up, as a process that gets no turn, while so many steps of others go on; not where nobody else can go on. */
  hold(actor: Actor, steps: number): void;
  /** Waits until nothing goes on by itself any more. */
  settle(): Promise<void>;
  /** Throws away what a dead actor had in line. */
  drop(actor: Actor): void;
}

/** Turns of the event loop without anything happening after which nothing more is to come by itself. */
const QUIET_TURNS = 4;
/** After this long a statement is looked after: it may wait for a lock. */
const LOOK_MS = 4;
/** A deadlock is ended by the database within this: it looks for one after a second. */
const DEADLOCK_MS = 2_000;
/** No step takes so long in truth: what waits then waits for what the scheduler does not know of. */
const LONGEST_STEP_MS = 20_000;

const nameOf = ({ actor, what }: Waiting): string => `${actor.name} ${what}`;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function createScheduler(startAt: number, outside: Outside): Scheduler {
  let now = startAt;
  let steps = 0;
  let busy = 0;
  let activity = 0;
  let wake = () => {};
  let waiting: Waiting[] = [];
  let sleepers: Timer[] = [];
  const held = new Map<Actor, number>();
  let timeouts: (Timer & { readonly signal: AbortSignal })[] = [];

  const touched = () => {
    activity += 1;
    wake();
  };

  const enter = () => {
    busy += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      busy -= 1;
      touched();
    };
  };

  function gate(actor: Actor, what: string, { serial = 0, withdraw }: GateOptions = {}): Promise<void> {
    return new Promise<void>((resolve) => {
      if (actor.dead) return;
      const step: Waiting = { actor, what, serial, job: jobNow(), go: resolve };
      waiting.push(step);
      touched();
      withdraw?.(() => {
        const there = waiting.includes(step);
        waiting = waiting.filter((each) => each !== step);
        return there;
      });
    });
  }

  function sleep(actor: Actor, milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (actor.dead) return;
      const cancel = () => {
        sleepers = sleepers.filter((each) => each !== timer);
        touched();
        reject(signal?.reason);
      };
      const timer: Timer = {
        at: now + Math.max(0, milliseconds),
        actor,
        ring: () => {
          signal?.removeEventListener('abort', cancel);
          resolve();
        },
      };
      sleepers.push(timer);
      signal?.addEventListener('abort', cancel, { once: true });
      touched();
    });
  }

  function timeout(milliseconds: number): AbortSignal {
    const controller = new AbortController();
    const ring = () => controller.abort(TIMED_OUT);
    const { signal } = controller;
    timeouts.push({ at: now + milliseconds, actor: nobody, ring, signal });
    return signal;
  }

  /** Waits until nothing goes on by itself any more. */
  async function settle(): Promise<void> {
    const began = performance.now();
    for (let quiet = 0; quiet < QUIET_TURNS; ) {
      const before = activity;
      if (performance.now() - began > LONGEST_STEP_MS)
        throw new Error(`a step does not end by itself; in line: ${inLine()}`);
      if (busy > outside.parked()) {
        await somethingHappens(LOOK_MS);
        if (activity === before && busy > outside.parked()) {
          const open = busy - outside.parked();
          if ((await outside.blocked()) < open || activity !== before) {
            quiet = 0;
            continue;
          }
        }
      }
      await turn();
      quiet = activity === before ? quiet + 1 : 0;
    }
  }

  function somethingHappens(withinMs: number): Promise<void> {
    return new Promise<void>((resolve) => {
      const given = setTimeout(resolve, withinMs);
      wake = () => {
        clearTimeout(given);
        wake = () => {};
        resolve();
      };
    });
  }

  /** Timers that ended a while ago ring before anybody goes on. */
  async function ringTimeouts(): Promise<void> {
    for (;;) {
      // What nobody listens for any more need not be waited for.
      timeouts = timeouts.filter(({ signal }) => getEventListeners(signal, 'abort').length > 0);
      const due = earliest(timeouts);
      if (due === null || due.at > now) return;
      timeouts = timeouts.filter((each) => each !== due);
      due.ring();
      await settle();
    }
  }

  async function step(random: () => number): Promise<boolean> {
    await settle();
    await ringTimeouts();
    const isFree = ({ actor }: { readonly actor: Actor }) => (held.get(actor) ?? 0) <= steps;
    // Not as they came: which of two answers comes first is up to the machine, and the draw must not be.
    const free = waiting.filter(isFree).sort((a, b) => compare(nameOf(a), nameOf(b)) || a.serial - b.serial);
    const due = sleepers.filter((timer) => timer.at <= now && isFree(timer)).sort((a, b) => a.at - b.at);
    const count = free.length + due.length;
    if (count === 0) {
      if (held.size === 0) return advance();
      held.clear();
      return true;
    }
    const chosen = Math.min(count - 1, Math.floor(random() * count));
    steps += 1;
    now += 1;
    const next = free[chosen];
    const what = next?.what ?? 'wakes up';
    if (next !== undefined) {
      waiting = waiting.filter((each) => each !== next);
      outside.before(steps, now, next.actor.name, next.what);
      touched();
      next.go();
    } else {
      const timer = due[chosen - free.length];
      if (timer === undefined) throw new Error('a step was chosen that is not there');
      sleepers = sleepers.filter((each) => each !== timer);
      outside.before(steps, now, timer.actor.name, 'wakes up');
      touched();
      timer.ring();
    }
    await settle();
    await outside.after(next?.actor.name ?? 'nobody', what, next?.job ?? null);
    return true;
  }

  /** Nothing can go on: the clock goes on to the next timer. False when there is none. */
  async function advance(): Promise<boolean> {
    // Transactions that wait for each other: the database ends one of them.
    if (busy > outside.parked()) {
      const before = activity;
      await somethingHappens(DEADLOCK_MS);
      if (activity !== before) return true;
    }
    const next = earliest([...sleepers, ...timeouts]);
    if (next === null) return false;
    now = Math.max(now, next.at);
    await ringTimeouts();
    return true;
  }

  async function finish(work: Promise<unknown>, random: () => number, most = 20_000): Promise<void> {
    let ended = false;
    const end = work.then(
      () => {
        ended = true;
        touched();
      },
      () => {
        ended = true;
        touched();
      },
    );
    for (let count = 0; ; count++) {
      await settle();
      if (ended) return end;
      if (count > most) throw new Error(`no end after ${most} steps; in line: ${inLine()}`);
      if (!(await step(random)) && !ended)
        throw new Error(`nothing can go on, and it has not ended; in line: ${inLine()}`);
    }
  }

  const inLine = () =>
    [
      ...waiting.map(({ actor, what }) => `${actor.name} ${what}`),
      `${sleepers.length} sleep`,
      `${busy} busy`,
    ].join('; ');

  return {
    now: () => now,
    get steps() {
      return steps;
    },
    gate,
    enter,
    sleep,
    timeout,
    settle,
    hold: (actor, count) => void held.set(actor, steps + count),
    finish,
    run: async (count, random) => {
      for (let done = 0; done < count; done++) if (!(await step(random))) return;
    },
    wind: async (milliseconds) => {
      await settle();
      now += milliseconds;
      await ringTimeouts();
    },
    drop: (actor) => {
      waiting = waiting.filter((each) => each.actor !== actor);
      sleepers = sleepers.filter((each) => each.actor !== actor);
      touched();
    },
  };
}

/** In line in the order in which they came. */
export const inOrder = (): number => 0;

const nobody: Actor = createActor('nobody');
const TIMED_OUT = new DOMException('The operation was aborted due to timeout', 'TimeoutError');

function earliest<Each extends Timer>(timers: readonly Each[]): Each | null {
  let first: Each | null = null;
  for (const timer of timers) if (first === null || timer.at < first.at) first = timer;
  return first;
}
