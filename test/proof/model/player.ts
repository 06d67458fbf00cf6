import { startGround } from './server.js';
import { type Tried, tryOne } from './try.js';

/** What a player tells of a history: of the course of those that hold, nothing. */
export type Report = Omit<Tried, 'history'>;

/** A process that plays the histories of the seeds that it is sent, until it is told to end. */
const ground = await startGround();
const shrinkMs = Number(process.env['MODEL_SHRINK_MS'] ?? 0);

process.on('message', (message: number | 'end') => {
  if (message === 'end') {
    void ground.stop().then(() => process.disconnect());
    return;
  }
  void tryOne(ground, message, shrinkMs).then(
    (tried) => process.send?.(tried satisfies Report),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
      process.exit(1);
    },
  );
});
// Who gave the seeds was killed.
process.on('disconnect', () => process.exit());
process.send?.('ready');
