/** A process of its own that opens the embedded server: `opener.ts FOLDER`. Says what it has, closes when its input ends. */
import { openEmbedded } from '../../src/embedded/open.js';
import { createLog } from '../../src/log.js';
import { systemRuntime } from '../../src/runtime.js';

const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);

try {
  const embedded = await openEmbedded(
    process.argv[2] ?? '',
    systemRuntime,
    createLog('debug', process.stderr),
  );
  say({ url: embedded.url });
  process.stdin.resume().once('end', async () => {
    await embedded.close();
    say({ closed: true });
  });
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) });
}
