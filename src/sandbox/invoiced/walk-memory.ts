import type { SandboxWorld } from '../api.js';
import type { InvoicedOptions } from './options.js';
import type { ListQuery } from './query.js';
import { Refusal } from './refusal.js';

/** Where a page of an unsorted list begins: after an id, or at a plain offset. */
export type PageStart = { readonly after: number } | { readonly offset: number };

/** The key that the server remembers for the one walk that is under way. */
export interface WalkMemory {
  /** Throws for a page that is out of order and too far in. */
  startOf(query: ListQuery): PageStart;
  /** A page was answered; `last` is the id of its last row, if it had any. */
  answered(query: ListQuery, start: PageStart, last: number | undefined): void;
  forget(): void;
}

export function createWalkMemory(world: SandboxWorld, options: InvoicedOptions): WalkMemory {
  let walk: Walk | undefined;
  return {
    startOf(query) {
      const offset = (query.page - 1) * query.perPage;
      if (options.paging === 'offset') return { offset };
      if (query.page === 1) return { after: 0 };
      const known =
        walk?.key === keyOf(query) && world.now() - walk.at < options.cursorLife ? walk : undefined;
      if (known?.page === query.page - 1) return { after: known.after };
      if (known?.page === query.page && options.cursorRepeats) return known.start;
      if (offset >= options.cursorLimit) {
        throw new Refusal(
          400,
          `Pages past row ${options.cursorLimit} can only be retrieved in sequence.`,
          'page',
        );
      }
      return { offset };
    },
    answered(query, start, last) {
      const after = last ?? ('after' in start ? start.after : Number.MAX_SAFE_INTEGER);
      walk = { key: keyOf(query), page: query.page, start, after, at: world.now() };
    },
    forget() {
      walk = undefined;
    },
  };
}

interface Walk {
  readonly key: string;
  readonly page: number;
  readonly start: PageStart;
  readonly after: number;
  readonly at: number;
}

function keyOf({ filterKey, perPage }: ListQuery): string {
  return `${perPage}?${filterKey}`;
}
