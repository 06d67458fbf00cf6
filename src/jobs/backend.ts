import type { Processor } from 'bullmq';
import type { JobData, JobResult, WorkJob, WorkQueue, WorkWorker } from './payload.js';

/** Where the queues live. One is open per process; it makes queues at once and connects for workers when the first is made. */
export interface Backend {
  readonly name: 'redis' | 'postgres';
  /** For messages: host, port and database, without user and password. */
  readonly address: string;
  makeQueue(name: string): WorkQueue;
  makeWorkers(): WorkerConnections;
  /** Changes schedules while no other process does. */
  exclusively<T>(change: () => Promise<T>): Promise<T>;
  /** How many schedules may be changed at a time. */
  readonly changesAtOnce: number;
  /** Puts an active job behind all that wait, keeping its id, progress and attempts. */
  moveToBack(job: WorkJob, token: string): Promise<void>;
  /** What is wrong with the server's settings and what to do; null when nothing is. */
  problem(): Promise<string | null>;
  close(): Promise<void>;
}

export interface WorkerSettings {
  readonly concurrency: number;
  /** Milliseconds after which a job of a dead process counts as stalled; renewed at half of it. */
  readonly lockDuration: number;
  /** Milliseconds between looks for stalled jobs. */
  readonly stalledInterval: number;
}

/** The connections that all workers of a process share. They wait for a lost server for as long as it takes. */
export interface WorkerConnections {
  makeWorker(name: string, process: Processor<JobData, JobResult>, settings: WorkerSettings): WorkWorker;
  close(): Promise<void>;
}
