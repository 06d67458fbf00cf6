import type { Command } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A verb, or a verb's verb, and what can follow it. */
interface Place {
  /** `conflicts show`; empty for the program itself. */
  readonly path: string;
  readonly verbs: readonly Word[];
  /** `--json` */
  readonly flags: readonly Word[];
}

interface Word {
  readonly word: string;
  readonly description: string;
}

/** The shell's completion, made of the command line itself, so that it knows each verb and flag that there is. */
export function completionFor(shell: Shell, program: Command): string {
  const places = placesOf(program, []);
  if (shell === 'fish') return fish(places);
  // zsh runs bash's completions itself.
  return shell === 'zsh'
    ? `#compdef taskmirror\nautoload -U +X bashcompinit && bashcompinit\n${bash(places)}`
    : bash(places);
}

function placesOf(command: Command, path: readonly string[]): readonly Place[] {
  const verbs = command.commands.map((verb) => ({ word: verb.name(), description: verb.description() }));
  const help = { word: '--help', description: 'show help' };
  const flags = command.options.flatMap(({ long, description }) =>
    long ? [{ word: long, description }] : [],
  );
  const own = { path: path.join(' '), verbs, flags: [...flags, help] };
  return [own, ...command.commands.flatMap((verb) => placesOf(verb, [...path, verb.name()]))];
}

function bash(places: readonly Place[]): string {
  const cases = places.map(({ path, verbs, flags }) => {
    const words = [...verbs, ...flags].map(({ word }) => word).join(' ');
    return `    '${path}') words='${words}' ;;`;
  });
  const known = places.map(({ path }) => `'${path}'`).filter((path) => path !== "''");
  return `_taskmirror() {
  local cur=\${COMP_WORDS[COMP_CWORD]} path= next= words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in
      ${known.join(' | ')}) path=$next ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _taskmirror taskmirror
`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, verbs, flags }) => {
    const within = path.split(' ').filter(Boolean);
    const seen = within.map((verb) => `__fish_seen_subcommand_from ${verb}`).join('; and ');
    const here = seen === '' ? '__fish_use_subcommand' : seen;
    const entry = (option: string, description: string) =>
      `complete -c taskmirror -n '${here}' ${option} -d ${quoted(description)}`;
    return [
      ...verbs.map(({ word, description }) => entry(`-f -a ${word}`, description)),
      ...flags.map(({ word, description }) => entry(`-l ${word.slice(2)}`, description)),
    ];
  });
  return `${lines.join('\n')}\n`;
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;
