import { type SQL, sql } from 'drizzle-orm';
import type { Dispatcher } from 'undici';
import type { Database, Executor } from '../../../src/mirror/database.js';
import { type Job, jobNow } from './jobs.js';
import { nameOf } from './names.js';
import { type Actor, createActor, type Scheduler } from './scheduler.js';

/** What is to happen to the connection under an actor's next statement: it is lost before the statement, or with its answer. */
export interface Cuttable {
  cut: 'before' | 'after' | null;
}

/** A database whose statements each stand at the gate. A transaction of an actor that dies is rolled back, as when its process was killed. */
export function gatedDatabase(
  base: Database,
  scheduler: Scheduler,
  actor: Actor & Partial<Cuttable>,
  wound: () => Promise<void>,
): Database {
  let transactions = 0;
  let begun: Promise<unknown> = Promise.resolve();

  /** `serial` tells apart what different transactions of the same actor do. */
  const executor = (
    inner: Executor,
    serial = 0,
    underWay = { end: Promise.resolve<unknown>(null), links: false },
  ): Executor => {
    const rows = <Row extends object>(query: SQL): Promise<readonly Row[]> =>
      ofTheLiving(actor, run<Row>(query));
    const run = async <Row extends object>(query: SQL): Promise<readonly Row[]> => {
      const name = nameOf(query);
      await scheduler.gate(actor, name, { serial });
      if (name.startsWith(BEGINS_LINKS)) underWay.links = true;
      const leave = scheduler.enter();
      const cut = takeCut(actor);
      try {
        await wound();
        if (cut === 'before') await lose(inner);
        const asked = inner.rows<Row>(query);
        underWay.end = asked.catch(() => null);
        const found = await asked;
        if (cut === 'after') await lose(inner);
        return found;
      } finally {
        leave();
      }
    };
    return {
      rows,
      row: async <Row extends object>(query: SQL): Promise<Row> => {
        const [first] = await rows<Row>(query);
        if (first === undefined) throw new Error('a statement that gives one row gave none');
        return first;
      },
    };
  };

  async function transact<Result>(work: (tx: Executor) => Promise<Result>): Promise<Result> {
    // BEGIN and COMMIT are under way too; in between, the work's own statements are.
    let leave = scheduler.enter();
    // One begins after the other, as they were asked for: which of two connections is quicker must decide nothing.
    transactions += 1;
    const serial = transactions;
    const former = begun;
    let next = () => {};
    begun = new Promise<void>((resolve) => {
      next = resolve;
    });
    await former;
    const underWay = { end: Promise.resolve<unknown>(null), links: false };
    const died = new Promise<never>((_, reject) => actor.onDeath(() => reject(new Error('it was killed'))));
    died.catch(() => {});
    try {
      const result = await base.transaction(async (tx) => {
        leave();
        try {
          const working = work(executor(tx, serial, underWay));
          next();
          const done = await Promise.race([working, died]);
          await Promise.race([
            scheduler.gate(actor, underWay.links ? COMMIT_OF_LINKS : 'commit', { serial }),
            died,
          ]);
          if (actor.cut === 'before' && takeCut(actor)) await lose(tx);
          return done;
        } finally {
          // Where it is killed while a statement waits for a lock, the end of both is one thing to wait for.
          if (actor.dead) await underWay.end;
          leave = scheduler.enter();
        }
      });
      if (takeCut(actor) === 'after') await lose(base);
      return result;
    } finally {
      next();
      leave();
    }
  }

  return {
    url: base.url,
    ...executor(base),
    transaction: (work) => (actor.dead ? never() : ofTheLiving(actor, transact(work))),
    close: async () => {},
  };
}

/** The commit of what makes links, or carries over them; any other is a `commit`. */
export const COMMIT_OF_LINKS = 'commit of links';
const BEGINS_LINKS = "select set_config('taskmirror.origin', 'link'";

/** A dead worker is told of nothing any more. */
async function ofTheLiving<Result>(actor: Actor, work: Promise<Result>): Promise<Result> {
  const [ended] = await Promise.allSettled([work]);
  if (actor.dead) return never();
  if (ended.status === 'rejected') throw ended.reason;
  return ended.value;
}

function takeCut(actor: Partial<Cuttable>): Cuttable['cut'] {
  const cut = actor.cut ?? null;
  if (cut !== null) actor.cut = null;
  return cut;
}

/** The database ends this very connection: what the driver then says is what it says. */
async function lose(executor: Executor): Promise<never> {
  await executor.rows(sql`select pg_terminate_backend(pg_backend_pid())`);
  throw new Error('the connection outlived its end');
}

/** A request on its way, for whoever looks on. */
export interface Passing {
  readonly actor: Actor;
  readonly job: Job | null;
  readonly method: string;
  readonly path: string;
}

/** So long a request of a killed worker may still be on its way. */
const ON_ITS_WAY_MS = 20_000;

/**
 * Each request stands at the gate; it is let go whole, from its first byte to the last of its answer. `passed` is told when, and gives
 * what is told of its end. Where `goesOn` says so, a request that its worker's death overtakes arrives nevertheless, and later.
 */
export function gatedRequests(
  scheduler: Scheduler,
  actor: Actor,
  passed: (request: Passing) => (answered: boolean) => void,
  goesOn: () => boolean,
): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) =>
    function atGate(options, handler) {
      const { method, path, signal } = options as Dispatcher.RequestOptions;
      const job = jobNow();
      const what = `${method} ${path.split('?')[0]?.split('/').slice(-2).join('/')}`;
      const send = (listening: boolean) => {
        const leave = scheduler.enter();
        const over = passed({ actor, job, method, path: path.split('?')[0] ?? '' });
        const end = (answered: boolean) => {
          over(answered);
          leave();
        };
        dispatch(options, {
          onRequestStart: (controller, context) => {
            if (!listening) return;
            actor.onDeath(() => controller.abort(new Error('its worker was killed')));
            handler.onRequestStart?.(controller, context);
          },
          onResponseStart: (controller, status, headers, message) => {
            if (listening) handler.onResponseStart?.(controller, status, headers, message);
          },
          onResponseData: (controller, chunk) => {
            if (listening) handler.onResponseData?.(controller, chunk);
          },
          onResponseEnd: (controller, trailers) => {
            if (listening) handler.onResponseEnd?.(controller, trailers);
            end(listening);
          },
          onResponseError: (controller, error) => {
            if (listening) handler.onResponseError?.(controller, error);
            end(false);
          },
        });
      };
      let atGate = true;
      const until = scheduler.now() + ON_ITS_WAY_MS;
      actor.onDeath(() => {
        if (!atGate || !goesOn()) return;
        void scheduler.gate(network, `${what} of a killed worker`).then(() => {
          if (scheduler.now() < until) send(false);
        });
      });
      void scheduler
        .gate(actor, what, {
          withdraw: (withdraw) => {
            // One that is given up before it was sent is sent no more: with its signal aborted it ends at once.
            onAbort(signal, () => {
              if (actor.dead || !withdraw()) return;
              atGate = false;
              send(true);
            });
          },
        })
        .then(() => {
          atGate = false;
          send(true);
        });
      return true;
    };
}

const network: Actor = createActor('the network');

function onAbort(signal: unknown, act: () => void): void {
  if (!(signal instanceof AbortSignal)) return;
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}

const never = (): Promise<never> => new Promise(() => {});
