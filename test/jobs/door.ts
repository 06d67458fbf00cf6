import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server that can go away and come back: a door before a real one. */
export interface Door {
  /** A real server's URL, through the door. */
  to(url: string): string;
  /** Breaks all connections and refuses new ones, as a server that was stopped does. */
  shut(): Promise<void>;
  open(): Promise<void>;
  /** Passes nothing on any more and closes nothing, as a server that stands still does; for good. */
  freeze(): void;
}

/** Leads to no server until `to` has named one. */
export async function createDoor(): Promise<Door> {
  let target = { port: 0, host: '' };
  const sockets = new Set<Socket>();
  let frozen = false;
  const server = createServer((client) => {
    if (frozen) hold(sockets, client);
    else join(sockets, client, connect(target));
  });
  const port = await listen(server, 0);
  const shut = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  onTestFinished(shut);
  return {
    to: (url) => {
      const address = new URL(url);
      target = { port: Number(address.port), host: address.hostname };
      address.host = `127.0.0.1:${port}`;
      return address.href;
    },
    shut,
    freeze: () => {
      frozen = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    open: async () => {
      await listen(server, port);
    },
  };
}

function hold(sockets: Set<Socket>, client: Socket): void {
  sockets.add(client);
  client.on('error', () => {});
  client.on('close', () => sockets.delete(client));
}

function join(sockets: Set<Socket>, client: Socket, upstream: Socket): void {
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    sockets.add(from);
    from.pipe(to);
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  }
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A listening socket without a port.');
  return address.port;
}
