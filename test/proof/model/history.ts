import type { ConflictPolicy } from '../../../src/fields.js';
import type { FreshBooksOptions } from '../../../src/sandbox/freshbooks/options.js';
import type { InvoicedOptions } from '../../../src/sandbox/invoiced/options.js';
import type { SourceName } from '../../../src/sources/source.js';

/** Everything that a history's course depends on, as plain JSON: it can be printed, shrunk, kept and played again. */
export interface History {
  readonly setting: Setting;
  readonly commands: readonly Command[];
}

export interface Setting {
  readonly source: SourceName;
  /** The seed of all chance but that of the steps: the sandbox's and the workers'. */
  readonly seed: number;
  /** When it begins. */
  readonly startAt: string;
  readonly policy: ConflictPolicy;
  /** Tasks that the API has before the first read. */
  readonly tasks: number;
  /** Tasks that the other source's API has, where that is mirrored beside; null where it is not. */
  readonly beside: number | null;
  /** Which fields people write: so many, from this one on. Few, so that they meet in them. */
  readonly fields: { readonly from: number; readonly count: number };
  readonly deleteLimit: number;
  readonly quietMs: number;
  readonly walkSliceMs: number;
  readonly invoiced: Partial<InvoicedOptions>;
  readonly freshbooks: Partial<FreshBooksOptions>;
  /** Absent where nothing is ever linked. */
  readonly links?: LinkSetting;
}

/** Both sources are mirrored then. */
export interface LinkSetting {
  /** A rule that stands from the beginning. */
  readonly rule: RuleGiven | null;
  /** So many tasks bear the same name at both APIs. */
  readonly alike: number;
  /** Whether the one source has to come to rest once while nothing is to be had from the other one. */
  readonly trouble: boolean;
}

/** What people say in a rule, beside its name. */
export interface RuleGiven {
  readonly match: 'name' | 'none';
  readonly creates: 'none' | 'invoiced' | 'freshbooks' | 'both';
  readonly shareName: boolean;
  readonly complete: 'archived' | 'deleted' | null;
  readonly onDelete: 'delete' | 'unlink';
  readonly winner: 'invoiced' | 'freshbooks' | 'newest';
  /** Which rows: all, or some. */
  readonly some: 'all' | 'phone' | 'few';
}

/** One thing that happens, and how many steps of all that is under way go on before the next one does. */
export interface Command {
  readonly do: string;
  /** At the other source. */
  readonly beside?: true;
  /** What the command's kind makes of it. */
  readonly with: unknown;
  readonly steps: number;
  /** Which of the pending steps goes on each time; 0 takes them in the order in which they came. */
  readonly order: number;
}
