import { type Mirror, openMirror } from '../mirror/mirror.js';

/** An instant in words, by the reporting calendar: `today + 9 hours`, `this_week - 1 second`. */
export type When = string | null;

/** A mirror of which the views are asked, with both accounts read up to noon of 25 November 2026. */
export interface Desk extends Mirror {
  /** An Invoiced task; who, what and when as far as given. */
  task(task: {
    readonly user?: number | null;
    readonly action?: string;
    readonly customer?: number | null;
    readonly due: When;
    readonly done?: When;
    readonly complete?: boolean;
    readonly vis_state?: number;
    readonly name?: string;
  }): Promise<string>;
  /** A view's rows without `as_of`, and numbers as numbers. */
  view(name: string, order: string): Promise<readonly Record<string, unknown>[]>;
  settings(timeZone: string, weekStart: string): Promise<void>;
}

export const AS_OF = '2026-11-25T12:00:00+00:00';

export async function openDesk(): Promise<Desk> {
  const mirror = await openMirror();
  const { sql } = mirror;
  await sql`update sync.connections set last_pull_at = ${AS_OF}`;
  const at = async (when: When): Promise<string | null> => {
    if (when === null) return null;
    const [, base, sign, rest] = /^(\w+)(?: ([+-]) (.+))?$/.exec(when) ?? [];
    const [row] = await sql.unsafe<{ at: string }[]>(
      `select (c.${base} ${sign ? `${sign} interval '${rest}'` : ''})::text as at from reporting.calendar() c`,
    );
    return row?.at ?? null;
  };
  return {
    ...mirror,
    task: async ({
      user = 1,
      action = 'phone',
      customer = 1,
      due,
      done = null,
      complete,
      vis_state = 0,
      name,
    }) => {
      const { row_id } = await mirror.synced('invoiced', {
        user_id: user,
        customer_id: customer,
        action,
        vis_state,
        due_date: await at(due),
        completed_date: await at(done),
        complete: complete ?? done !== null,
        ...(name !== undefined && { name }),
      });
      return row_id;
    },
    view: async (name, order) => {
      const rows = await sql.unsafe<{ row: Record<string, unknown> }[]>(
        `select to_jsonb(v) - 'as_of' as row from reporting.${name} v order by ${order}`,
      );
      return rows.map(({ row }) => row);
    },
    settings: async (timeZone, weekStart) => {
      await sql`update reporting.settings set time_zone = ${timeZone}, week_start = ${weekStart}`;
    },
  };
}
