import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder, run } from './command.js';

const script = async (shell: string): Promise<string> => {
  const { code, output, errors } = await run(['completion', shell]);
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return output;
};

test('bash completes verbs, their verbs and their flags', async () => {
  const path = join(makeFolder(), 'completion.bash');
  writeFileSync(path, await script('bash'));
  const complete = (...words: string[]): string[] => {
    const typed = ['taskmirror', ...words].map((word) => `'${word}'`).join(' ');
    const lines = `source '${path}'; COMP_WORDS=(${typed}); COMP_CWORD=${words.length}; _taskmirror; printf '%s\n' "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['--norc', '-c', lines], { encoding: 'utf8' }).split('\n').filter(Boolean);
  };
  expect(complete('re')).toEqual(['resync', 'retry', 'resume']);
  expect(complete('resync', '--f')).toEqual(['--full', '--force']);
  expect(complete('resync', '--connection', 'invoiced', '--w')).toEqual(['--wait']);
  expect(complete('conflicts', 's')).toEqual(['show']);
  expect(complete('conflicts', 'restore', '--')).toContain('--json');
  expect(complete('verify', '--j')).toEqual(['--json']);
});

test('zsh and fish know each verb and flag too, and no other shell is known', async () => {
  expect(await script('zsh')).toMatch(/^#compdef taskmirror\n.*bashcompinit/);
  const fish = await script('fish');
  expect(fish).toContain(
    "complete -c taskmirror -n '__fish_use_subcommand' -f -a verify -d 'read everything",
  );
  expect(fish).toContain(
    "-n '__fish_seen_subcommand_from conflicts; and __fish_seen_subcommand_from show' -l json",
  );
  expect(await run(['completion', 'tcsh'])).toMatchObject({
    code: 2,
    errors: expect.stringContaining('bash, zsh, fish'),
  });
});

test('what is mistyped is answered with what may be meant', async () => {
  expect((await run(['resnyc'])).errors).toContain("unknown verb 'resnyc' (did you mean resync?)");
  expect((await run(['resync', '--ful'])).errors).toContain("unknown option '--ful' (did you mean --full?)");
  expect((await run(['conflicts', 'restroe', '1'])).code).toBe(2);
});

test('the help of every verb shows an example', async () => {
  const { output } = await run(['--help']);
  const verbs = [...output.matchAll(/^ {2}([a-z]+) /gm)].flatMap(([, verb]) =>
    verb && verb !== 'help' ? [verb] : [],
  );
  expect(verbs).toContain('verify');
  for (const verb of verbs) {
    const { code, output: help } = await run([verb, '--help']);
    expect({ verb, code, example: /\nExamples?:\n {2}\$ /.test(help) }).toEqual({
      verb,
      code: 0,
      example: true,
    });
  }
});
