import type { ConflictPolicy } from '../fields.js';

/** What the environment says, checked and complete. Durations are milliseconds. */
export interface Config {
  readonly production: boolean;
  /** Null stands for an embedded PostgreSQL under `.taskmirror/`. */
  readonly databaseUrl: string | null;
  /** Where `DATABASE_URL` goes through a pooler: for LISTEN and migrations. */
  readonly databaseDirectUrl: string | null;
  /** Null stands for BullMQ on the same PostgreSQL. */
  readonly redisUrl: string | null;
  readonly invoiced: InvoicedConfig | null;
  readonly freshbooks: FreshbooksConfig | null;
  /** The OAuth application of FreshBooks connections that bring none of their own. */
  readonly freshbooksApp: OAuthApp | null;
  /** 32 bytes each: the first encrypts, all decrypt. Empty where nothing is stored. */
  readonly credentialsKeys: readonly Buffer[];
  readonly pollEvery: number;
  readonly sweepEvery: number;
  readonly push: boolean;
  readonly pushDelay: number;
  readonly conflictPolicy: ConflictPolicy;
  /** From 0 to 1. */
  readonly deleteLimit: number;
  readonly http: HttpConfig | null;
  readonly reporting: ReportingConfig;
  readonly keep: KeepConfig;
  /** Where spans of the queue's work go: a collector's base address; null sends none. */
  readonly otlpEndpoint: string | null;
  readonly logLevel: LogLevel;
  /** What looks like a mistake, but may be meant: for the log. */
  readonly warnings: readonly string[];
}

export interface InvoicedConfig {
  readonly apiKey: string;
  /** Without a slash at its end. */
  readonly baseUrl: string;
}

export interface FreshbooksConfig {
  readonly accountId: string;
  /** Null where only an access token was given, which can't be refreshed. */
  readonly app: OAuthApp | null;
  readonly refreshToken: string | null;
  readonly accessToken: string | null;
  /** Without a slash at its end. */
  readonly baseUrl: string;
}

export interface OAuthApp {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
}

export const BULL_BOARD = ['off', 'read', 'write'] as const;
/** Whether Bull Board is served, and whether it may change the queue. */
export type BullBoardAccess = (typeof BULL_BOARD)[number];

export interface HttpConfig {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly token: string | null;
  readonly bullBoard: BullBoardAccess;
}

export interface ReportingConfig {
  readonly timeZone: string;
  readonly weekStart: WeekDay;
}

/** Null keeps for ever. */
export interface KeepConfig {
  readonly runs: number | null;
  readonly writes: number | null;
  readonly conflicts: number | null;
  readonly history: number | null;
}

export const WEEK_DAYS = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const;
export type WeekDay = (typeof WEEK_DAYS)[number];

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
