import type { Runtime } from '../../runtime.js';

/** The page's sections by their ids, as HTML. */
export type Sections = ReadonlyMap<string, string>;

export interface LiveOptions {
  readonly runtime: Runtime;
  /** What is there now, and when that was (milliseconds since 1970). Never throws. */
  read(): Promise<{ readonly at: number; readonly sections: Sections }>;
  /** How often it looks while anybody does, in milliseconds; default one second. */
  readonly everyMs?: number;
  /** How many may look at a time; default 20. */
  readonly most?: number;
  /** How long a message may wait for its reader, in milliseconds; default 20 seconds. */
  readonly patienceMs?: number;
}

export interface Live {
  /** Server-sent events for one who looks on; null where too many do, or it is closed. */
  listen(): ReadableStream<Uint8Array> | null;
  /** How many look on. */
  count(): number;
  /** Ends all streams, and the looking. */
  close(): void;
}

interface Listener {
  /** Each section as it was last sent. */
  readonly seen: Map<string, string>;
  /** What waits to be read. A newer version of a section takes the place of an older one, so this can't grow. */
  readonly waiting: Map<string, string>;
  /** Since when something has; null while nothing does. */
  waitsSince: number | null;
  wake(): void;
  end(error?: Error): void;
}

/**
 * Looks for all who listen at once, as long as anybody does, and tells each what has changed since it was told last. One that does not read
 * holds up nobody: it is told less, and left after a while.
 */
export function createLive(options: LiveOptions): Live {
  const { runtime, read, everyMs = EVERY_MS, most = MOST, patienceMs = PATIENCE_MS } = options;
  const listeners = new Set<Listener>();
  const closed = new AbortController();
  let looking = false;

  const look = async (): Promise<void> => {
    while (listeners.size > 0 && !closed.signal.aborted) {
      const began = runtime.now();
      const { at, sections } = await read();
      const now = runtime.now();
      for (const listener of listeners) {
        if (listener.waitsSince !== null && now - listener.waitsSince > patienceMs) {
          listener.end(new Error('It does not read.'));
        } else tell(listener, at, sections, now);
      }
      await runtime.sleep(Math.max(everyMs, REST * (now - began)), closed.signal).catch(() => {});
    }
  };
  const begin = (): void => {
    if (looking) return;
    looking = true;
    void look().finally(() => {
      looking = false;
      // Somebody may have come just as it ended.
      if (listeners.size > 0 && !closed.signal.aborted) begin();
    });
  };
  return {
    listen: () => {
      if (listeners.size >= most || closed.signal.aborted) return null;
      const stream = openStream(listeners);
      begin();
      return stream;
    },
    count: () => listeners.size,
    close: () => {
      closed.abort();
      for (const listener of listeners) listener.end();
    },
  };
}

const EVERY_MS = 1_000;
const MOST = 20;
const PATIENCE_MS = 20_000;
/** Where a look takes long, the database has so many times as long without. */
const REST = 4;

function openStream(listeners: Set<Listener>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let wake = () => {};
  let listener: Listener;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        listener = {
          seen: new Map(),
          waiting: new Map(),
          waitsSince: null,
          wake: () => wake(),
          end: (error) => {
            if (!listeners.delete(listener)) return;
            wake();
            if (error === undefined) controller.close();
            else controller.error(error);
          },
        };
        listeners.add(listener);
        controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
      },
      // Asked for only when what was given before has been taken.
      pull: async (controller) => {
        while (listener.waiting.size === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          if (!listeners.has(listener)) return;
        }
        const messages = [...listener.waiting.values()];
        listener.waiting.clear();
        listener.waitsSince = null;
        controller.enqueue(encoder.encode(messages.join('')));
      },
      cancel: () => {
        listeners.delete(listener);
        wake();
      },
    },
    { highWaterMark: 1 },
  );
}

/** How soon a browser comes back, in milliseconds. */
const RETRY_MS = 2_000;

function tell(listener: Listener, at: number, sections: Sections, now: number): void {
  for (const [id, html] of sections) {
    const bare = withoutAges(html);
    if (listener.seen.get(id) === bare) continue;
    listener.seen.set(id, bare);
    listener.waiting.set(id, message('section', { id, html }));
  }
  // The last one: with it the page has all of this moment.
  listener.waiting.delete('at');
  listener.waiting.set('at', message('at', at));
  listener.waitsSince ??= now;
  listener.wake();
}

const message = (event: string, data: unknown): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** How long ago something was the page counts by itself. */
const withoutAges = (html: string): string => html.replace(/(<span class="ago"[^>]*>)[^<]*/g, '$1');
