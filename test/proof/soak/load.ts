import type { Redis } from 'ioredis';
import type postgres from 'postgres';
import type { FaultRule } from '../../../src/sandbox/fault.js';
import type { Sandbox } from '../../../src/sandbox/index.js';
import { people } from '../../../src/sandbox/people.js';

/** What happens around the daemon, by the sandbox's seed. */
export interface Load {
  /** One act at one of the APIs, and one with SQL. */
  act(): Promise<void>;
  /** A fault comes, or all go. Says what. */
  fault(): Promise<string>;
  readonly acts: number;
}

export function createLoad(sandbox: Sandbox, sql: postgres.Sql, redis: Redis): Load {
  const { random } = sandbox;
  const atApis = people(sandbox);
  const chance = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  let acts = 0;

  /** All of one width: a name that another one begins with could be taken for it, cut. */
  const name = () => `Soak ${String(++acts).padStart(8, '0')} ${Math.floor(random() * 1e6)}`;
  const some = (table: string) => sql`
    select row_id from ${sql(table)} where vis_state = 0 and sync_state <> 'failed' order by random() limit 1`;
  const withSql = [
    async () => {
      const [row] = await some('invoiced.tasks');
      await sql`update invoiced.tasks set name = ${name()}, complete = ${random() < 0.5} where row_id = ${row?.['row_id'] ?? 0}`;
    },
    async () => {
      const [row] = await some('freshbooks.tasks');
      await sql`update freshbooks.tasks set rate_amount = ${Math.ceil(random() * 90)}, rate_code = 'USD' where row_id = ${row?.['row_id'] ?? 0}`;
    },
    async () => {
      const [row] = await some('freshbooks.tasks');
      await sql`update freshbooks.tasks set description = ${name()}, vis_state = ${random() < 0.1 ? 2 : 0} where row_id = ${row?.['row_id'] ?? 0}`;
    },
    async () => {
      await sql`insert into invoiced.tasks (name, action, due_date) values (${name()}, 'phone', '2027-01-01Z')`;
      const [row] = await some('invoiced.tasks');
      await sql`delete from invoiced.tasks where row_id = ${row?.['row_id'] ?? 0}`;
    },
    async () => {
      if (random() < 0.2) await sql`insert into freshbooks.tasks (name) values (${name()})`;
      const [row] = await some('freshbooks.tasks');
      await sql`delete from freshbooks.tasks where row_id = ${row?.['row_id'] ?? 0}`;
    },
    async () => {
      await sql`
        update freshbooks.tasks set vis_state = 0 where row_id = (
          select row_id from freshbooks.tasks where vis_state <> 0 and sync_state = 'synced' order by random() limit 1)`;
    },
  ];

  const apis = ['invoiced', 'freshbooks'] as const;
  const passing: readonly (() => Omit<FaultRule, 'api'>)[] = [
    () => ({ route: 'tasks.*', fault: { kind: 'status', status: 503 } }),
    () => ({ route: 'tasks.*', fault: { kind: 'status', status: 429, headers: { 'Retry-After': '1' } } }),
    () => ({ route: 'tasks.*', fault: { kind: 'html', status: 502 } }),
    () => ({ route: 'tasks.*', fault: { kind: 'slow', milliseconds: 800 } }),
    () => ({ route: 'tasks.list', fault: { kind: 'reset' } }),
    () => ({ route: 'tasks.list', fault: { kind: 'cut' } }),
    () => ({ route: 'tasks.list', fault: { kind: 'empty-list' } }),
    () => ({ route: 'tasks.list', fault: { kind: 'drop-rows', count: 3 } }),
    () => ({ route: 'tasks.get', fault: { kind: 'cut', abrupt: true } }),
    () => ({ route: 'tasks.update', fault: { kind: 'reset', when: 'after' } }),
    () => ({ route: 'tasks.delete', fault: { kind: 'reset', when: 'after' } }),
    () => ({ route: 'tasks.create', fault: { kind: 'reset', when: 'before' } }),
    () => ({ route: 'oauth.token', fault: { kind: 'status', status: 503 } }),
  ];
  const ofServers: readonly (() => Promise<string>)[] = [
    async () => {
      await sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name like 'taskmirror%'`;
      return "PostgreSQL cuts the daemon's connections";
    },
    async () => {
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      return "Redis cuts the daemon's connections";
    },
    async () => {
      await redis.flushall();
      return 'Redis is flushed';
    },
  ];

  return {
    act: async () => {
      atApis();
      acts += 1;
      await chance(withSql)();
    },
    fault: async () => {
      const lot = random();
      if (lot < 0.25) {
        sandbox.faults.clear();
        return 'all faults go';
      }
      if (lot < 0.4) return chance(ofServers)();
      const rule: FaultRule = {
        api: chance(apis),
        times: 1 + Math.floor(random() * 6),
        ...chance(passing)(),
      };
      sandbox.faults.add(rule);
      return `${rule.times} times ${rule.fault.kind} at ${rule.api} ${rule.route}`;
    },
    get acts() {
      return acts;
    },
  };
}
