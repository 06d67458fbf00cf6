import { Argument, type Command } from 'commander';
import type { Cli } from '../cli.js';
import { completionFor, SHELLS, type Shell } from '../completion/scripts.js';

export function addCompletion(program: Command, cli: Cli): void {
  program
    .command('completion')
    .addArgument(new Argument('<SHELL>', 'which shell').choices(SHELLS))
    .description('print what makes the shell complete verbs and flags')
    .addHelpText(
      'after',
      '\nIt completes the command `taskmirror`; `npx taskmirror` is completed by nothing.\n\nExample:\n  $ npx taskmirror completion bash >> ~/.bash_completion\n  $ npx taskmirror completion zsh > ~/.zfunc/_taskmirror\n  $ npx taskmirror completion fish > ~/.config/fish/completions/taskmirror.fish',
    )
    .action((shell: Shell) => void cli.output.write(completionFor(shell, program)));
}
