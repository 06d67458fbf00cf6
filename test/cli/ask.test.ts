import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { openAsking, readSecret } from '../../src/cli/ask.js';
import type { Cli } from '../../src/cli/cli.js';
import { systemRuntime } from '../../src/runtime.js';

test('a secret that is typed on a terminal is not shown, what is no secret is', async () => {
  const { cli, type, shown } = terminal();
  const asking = openAsking(cli);
  const line = asking.line('Which one? ');
  type('plainly\r');
  expect(await line).toBe('plainly');
  const secret = readSecret(asking, undefined, 'the API key');
  type('hush-hush\r');
  expect(await secret).toBe('hush-hush');
  asking.close();
  expect(shown()).toContain('Which one? plainly');
  expect(shown()).toContain('The API key (it is not shown): ');
  expect(shown()).not.toContain('hush');
});

test('Ctrl-C at a question leaves', async () => {
  const { cli, type } = terminal();
  const asking = openAsking(cli);
  const secret = asking.secret('Key: ');
  type('half\x03');
  await expect(secret).rejects.toMatchObject({ name: 'Interruption', by: 'SIGINT' });
  asking.close();
});

test('a pipe that ends without an answer, and one with an empty answer, are told', async () => {
  for (const [given, words] of [
    ['', /There is no answer/],
    ['\n', /the API key is empty/],
    ['two words\n', /white space within/],
  ] as const) {
    const { cli, type } = terminal(false);
    const asking = openAsking(cli);
    type(given);
    cli.input.push(null);
    await expect(readSecret(asking, '-', 'the API key')).rejects.toThrow(words);
    asking.close();
  }
});

function terminal(isTTY = true) {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => {} });
  const [output, errors] = [new PassThrough(), new PassThrough()];
  let text = '';
  for (const stream of [output, errors]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const cli: Cli = {
    folder: '.',
    env: {},
    input,
    output,
    errors,
    signal: new AbortController().signal,
    runtime: systemRuntime,
    finish: () => {},
  };
  return { cli, type: (keys: string) => void input.write(keys), shown: () => text };
}
