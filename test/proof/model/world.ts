import { sql } from 'drizzle-orm';
import { pino } from 'pino';
import { crossOver } from '../../../src/links/cross-over.js';
import { declareConnections } from '../../../src/mirror/connections.js';
import { adoptConsent } from '../../../src/mirror/credentials.js';
import { type Database, databaseNow } from '../../../src/mirror/database.js';
import { createSealer } from '../../../src/mirror/sealing.js';
import { createChance } from '../../../src/sandbox/chance.js';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.js';
import { openSource } from '../../../src/sources/index.js';
import type { SourceName } from '../../../src/sources/source.js';
import { createPerform } from '../../../src/sync/perform.js';
import { createTokenStore, packTokens } from '../../../src/sync/tokens.js';
import type { Perform } from '../../../src/sync/work.js';
import { accountOf } from '../../sync/world.js';
import { COMMIT_OF_LINKS, type Cuttable, gatedDatabase, gatedRequests } from './gates.js';
import type { Ground } from './ground.js';
import type { Setting } from './history.js';
import type { Job } from './jobs.js';
import { createLedger, type Ledger } from './ledger.js';
import { createLinkWatch, type LinkWatch } from './links.js';
import { createForward } from './oracle/forward.js';
import { createActor, createScheduler, type Mortal, type Scheduler } from './scheduler.js';
import { otherThan, rowsOf } from './sides.js';
import { createValues, type Values } from './values.js';
import { createWire, type Wire } from './wire.js';

/** One history's world: an API, a mirror, workers and people, all of whose steps go through one scheduler. */
export interface ModelWorld {
  readonly setting: Setting;
  /** The same world as it is seen from the other source, where that is mirrored beside. */
  other: ModelWorld | null;
  readonly source: SourceName;
  readonly sandbox: Sandbox;
  readonly scheduler: Scheduler;
  readonly ledger: Ledger;
  readonly values: Values;
  /** A local writer's database, whose statements stand at the gate too. */
  readonly people: Database;
  /** The same without a gate, for whoever looks on while all stands still. */
  readonly aside: Database;
  readonly workers: [Worker, Worker];
  /** What goes over to the API and back. */
  readonly wire: Wire;
  /** Looks at what is linked; null where nothing is. */
  readonly links: LinkWatch | null;
  /** What a worker is set to when it begins. */
  readonly settings: WorkerSettings;
  /** Ends the worker at this place; another one begins in its stead. */
  kill(place: 0 | 1): void;
  /** What goes on beside the next commands. */
  readonly working: Set<Promise<unknown>>;
  /** Lets something go on beside what follows. */
  begin(what: string, work: () => Promise<unknown>): void;
  /** Somebody consents anew; where anything else goes on, by a database whose statements stand at the gate. */
  consent(db?: Database): Promise<void>;
  note(what: string): void;
  readonly trace: string[];
  readonly logged: string[];
  readonly secrets: Set<string>;
  close(): Promise<void>;
}

export interface Worker extends Mortal, Cuttable {
  readonly perform: Perform;
  /** What it does about links as soon as it hears of an edit here. */
  readonly crossOver: (signal: AbortSignal) => Promise<void>;
  /** Whether it is set to send local changes. */
  readonly pushes: boolean;
  /** After which step it is killed: one whose words begin like this, when so many of them were let pass. */
  doom: { readonly step: string; readonly skip: number } | null;
}

/** Two workers may be set otherwise, and may begin anew set otherwise than before. */
export interface WorkerSettings {
  policy: Setting['policy'];
  quietMs: number;
  walkSliceMs: number;
  /** `PUSH`. */
  push: boolean;
}

const sealingKey = new Uint8Array(32).fill(7);

export async function openModelWorld(ground: Ground, setting: Setting): Promise<ModelWorld> {
  const { source } = setting;
  const trace: string[] = [];
  const startAt = Date.parse(setting.startAt);
  const api = createActor('the API');
  let delayed = 0;
  const sources = setting.beside === null ? [source] : [source, otherThan(source)];
  const clock = { at: 0 };
  const books = sources.map((source) => {
    return { source, ledger: createLedger({ clock, labelled: setting.links === undefined }) };
  });
  const all = books.map(({ ledger }) => ledger);
  const views = books.map(({ source, ledger }) => {
    return { source, ledger, wire: createWire(source), forward: createForward(source, ledger, all) };
  });
  const ledgerOf = (source: SourceName): Ledger => {
    const view = views.find((each) => each.source === source);
    if (view === undefined) throw new Error(`${source} is not mirrored in this history`);
    return view.ledger;
  };
  const links =
    setting.links === undefined
      ? null
      : createLinkWatch({ invoiced: ledgerOf('invoiced'), freshbooks: ledgerOf('freshbooks') });
  const scheduler = createScheduler(startAt, {
    blocked: ground.blocked,
    parked: () => views.reduce((sum, { wire }) => sum + wire.hanging(), delayed),
    before: (step, at, actor, what) =>
      trace.push(`${String(step).padStart(4)} ${timeOf(at)} ${actor}: ${what}`),
    after: async (actor, what, job) => {
      for (const { wire } of views) wire.look();
      for (const place of [0, 1] as const) {
        const worker = workers[place];
        const { doom } = worker;
        if (worker.name !== actor || doom === null || !isStep(what, doom.step)) continue;
        worker.doom = doom.skip > 0 ? { ...doom, skip: doom.skip - 1 } : null;
        if (doom.skip === 0) kill(place);
      }
      if (links !== null && what.startsWith('commit')) {
        const over = what === COMMIT_OF_LINKS;
        const rows = await links.look(ground.db, over, job);
        // What comes over a link is held back by the other brake, as all that is deleted here.
        const free = over || (await isForced(job));
        for (const { source, forward } of views) forward.look(rows[source], free ? null : job);
      } else if (what === 'commit')
        for (const { source, forward } of views)
          forward.look(await rowsOf(ground.db, source), (await isForced(job)) ? null : job);
    },
  });
  /** Whoever takes up a walk that was begun by force goes on with it by force. */
  const isForced = async (job: Job | null): Promise<boolean> => {
    if (job === null || !job.braked || !job.what.endsWith(' walk')) return false;
    return (await ground.db.rows(sql`select from sync.walks where force`)).length > 0;
  };
  const note = (what: string) => void trace.push(`     ${timeOf(scheduler.now())} * ${what}`);

  let wound = 0;
  /** The database's clock follows in strides; in between it ticks by itself. */
  const follow = async () => {
    if (scheduler.now() - wound < 20) return;
    wound = scheduler.now();
    await ground.wind(wound);
  };

  await ground.wipe();
  await ground.wind(startAt);
  wound = startAt;
  const { random } = createChance(setting.seed);
  const sandbox = await startSandbox({
    seed: setting.seed,
    logSize: 4000,
    runtime: {
      now: scheduler.now,
      elapsed: scheduler.now,
      random,
      sleep: async (milliseconds, signal) => {
        delayed += 1;
        try {
          await scheduler.sleep(api, milliseconds, signal);
        } finally {
          delayed -= 1;
        }
      },
    },
    invoiced: { tasks: tasksOf(setting, 'invoiced'), options: setting.invoiced },
    freshbooks: { tasks: tasksOf(setting, 'freshbooks'), options: setting.freshbooks },
  });
  const { freshbooks } = sandbox;
  for (const { wire, ledger } of views) wire.watch(sandbox, ledger, note);
  const logged: string[] = [];
  const secrets = new Set([
    sandbox.invoiced.apiKey,
    freshbooks.clientSecret,
    freshbooks.refreshToken,
    Buffer.from(sealingKey).toString('base64'),
  ]);
  const runtimeOf = (actor: Mortal) => ({
    now: scheduler.now,
    // What has waited so long is taken off the database's clock: in truth both run alike.
    elapsed: () => wound,
    random,
    sleep: (milliseconds: number, signal?: AbortSignal) => scheduler.sleep(actor, milliseconds, signal),
  });
  const sealer = createSealer([sealingKey]);

  const wireOf = (source: SourceName): Wire => {
    const view = views.find((each) => each.source === source);
    if (view === undefined) throw new Error(`${source} is not mirrored in this history`);
    return view.wire;
  };

  const settings: WorkerSettings = {
    policy: setting.policy,
    quietMs: setting.quietMs,
    walkSliceMs: setting.walkSliceMs,
    push: true,
  };
  const start = (place: number): Worker => {
    const { policy, quietMs, walkSliceMs, push } = settings;
    const life = (lives[place] ?? 0) + 1;
    lives[place] = life;
    const actor: Worker = Object.assign(createActor(`${'AB'[place]}${life}`), {
      cut: null,
      doom: null,
      pushes: push,
      perform: async () => ({ state: 'elsewhere' as const }),
      crossOver: async () => {},
    });
    actors.push(actor);
    const db = gatedDatabase(ground.db, scheduler, actor, follow);
    const runtime = runtimeOf(actor);
    const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
    const perform = createPerform({
      db,
      runtime,
      log,
      policy,
      deleteLimit: setting.deleteLimit,
      walkSliceMs,
      push: {
        enabled: push,
        quietMs,
        boundMs: quietMs * 10,
        finishedAfterMs: 90_000,
      },
      account: (name) => accountOf(sandbox, name),
      open: (account, share) =>
        openSource(account, {
          runtime,
          observe: () => databaseNow(db),
          share,
          log,
          tokens: createTokenStore(db, sealer, 'freshbooks', freshbooks.url),
          intercept: gatedRequests(scheduler, actor, wireOf(account.source).passes, () => random() < 0.5),
        }),
    });
    return Object.assign(actor, {
      perform,
      crossOver: (signal: AbortSignal) => crossOver({ db, log }, signal),
    });
  };
  const lives: number[] = [];
  const person = createActor('person');
  const actors: Mortal[] = [person];
  const workers: [Worker, Worker] = [start(0), start(1)];
  const kill = (place: 0 | 1) => {
    const worker = workers[place];
    note(`${worker.name} is killed`);
    scheduler.drop(worker);
    worker.die();
    workers[place] = start(place);
  };

  await declareConnections(
    ground.db,
    sources.map((source) => ({ name: source, source, pollEvery: 60_000, sweepEvery: 21_600_000 })),
  );
  let consented = false;
  const consent = async (db: Database = ground.db) => {
    if (!sources.includes('freshbooks')) return;
    const refreshToken = consented ? freshbooks.oauth.grant().refresh_token : freshbooks.refreshToken;
    consented = true;
    secrets.add(refreshToken);
    await adoptConsent(db, sealer, 'freshbooks', {
      credentialId: 'freshbooks',
      source: 'freshbooks',
      clientId: freshbooks.clientId,
      token: refreshToken,
      secret: packTokens({ accessToken: null, refreshToken, expiresAt: 0 }, freshbooks.url),
    });
  };
  await consent();

  const working = new Set<Promise<unknown>>();
  const [mine, beside] = views;
  if (mine === undefined) throw new Error('a history without a source');
  const world: ModelWorld = {
    setting,
    source,
    other: null,
    sandbox,
    scheduler,
    ledger: mine.ledger,
    values: createValues(),
    people: gatedDatabase(ground.db, scheduler, person, follow),
    aside: ground.db,
    workers,
    settings,
    kill,
    wire: mine.wire,
    links,
    working,
    begin: (what, work) => {
      note(what);
      const done = work()
        .then(
          (result) => note(`${what} ended: ${JSON.stringify(result ?? 'done')}`),
          (error: unknown) =>
            note(`${what} threw: ${error instanceof Error ? error.message : String(error)}`),
        )
        .finally(() => working.delete(done));
      working.add(done);
    },
    consent,
    note,
    trace,
    logged,
    secrets,
    close: async () => {
      // What a history leaves under way must not reach into the next one.
      for (const actor of actors) {
        scheduler.drop(actor);
        actor.die();
      }
      await scheduler.settle();
      await sandbox.close();
    },
  };
  if (beside !== undefined) {
    const { source, ledger, wire } = beside;
    world.other = { ...world, setting: { ...setting, source }, source, ledger, wire, other: world };
  }
  return world;
}

/** How many tasks an API has at the beginning. */
const tasksOf = ({ source, tasks, beside }: Setting, at: SourceName): number =>
  at === source ? tasks : (beside ?? 0);

function timeOf(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}

/** A statement may write several tables: `update invoiced.tasks, insert into sync.writes`. */
const isStep = (what: string, step: string): boolean =>
  what.split(', ').some((part) => part.startsWith(step));
