import { connect, createServer, type Socket } from 'node:net';

/** `before`: the server has not heard of it. `after`: the server has done it, and nobody has its answer. */
export type Moment = 'before' | 'after';

/** What a worker asks of a server, as it comes by. */
export interface Passing {
  readonly what: string;
  readonly moment: Moment;
}

/** Told of all that comes by, in order. True holds it up for good: it is handed on no more. */
export type Watch = (passing: Passing) => boolean;

/** Reads one connection's bytes. */
export interface Reader {
  /** What is asked in this part of what the worker sends. */
  asked(chunk: Buffer): readonly string[];
  /** What is answered in this part of what the server sends. */
  answered(chunk: Buffer): readonly string[];
}

export interface Wire {
  /** The address of the server, by way of the wire. */
  readonly url: string;
  close(): Promise<void>;
}

/** A wire to a server on which everything that a process asks can be seen, and held up, without the process knowing. */
export async function openWire(target: string, read: () => Reader, watch: Watch): Promise<Wire> {
  const address = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(address.port), address.hostname);
    const reader = read();
    let held = false;
    const pass = (to: Socket, moment: Moment, chunk: Buffer): void => {
      const names = moment === 'before' ? reader.asked(chunk) : reader.answered(chunk);
      for (const what of names) held ||= watch({ what, moment });
      if (!held) to.write(chunk);
    };
    near.on('data', (chunk) => pass(far, 'before', chunk));
    far.on('data', (chunk) => pass(near, 'after', chunk));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.setNoDelay(true);
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const listening = server.address();
  if (listening === null || typeof listening === 'string')
    throw new Error('A listening wire without a port.');
  const url = Object.assign(new URL(target), { host: `127.0.0.1:${listening.port}` });
  return {
    url: url.href.replace(/\/$/, ''),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
