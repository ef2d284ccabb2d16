import { Option } from 'commander';
import type { Command } from 'commander';
import { ownVersion } from './own-version.ts';

/** Adds what all commands have: `--version`, and a message that names all unknown options. */
export function withCommonBehaviour(command: Command): Command {
  // Commander's own version option would read package.json at each start, also on Lambda.
  return command
    .addOption(new Option('--version', 'prints the version of this package'))
    .on('option:version', () => {
      process.stdout.write(`${ownVersion()}\n`);
      process.exit(0);
    })
    .configureOutput({
      outputError: (text, write) => write(text + otherUnknownOptions(command, text)),
    });
}

/** Commander ends at the first unknown option. Its `args` contain the others. */
function otherUnknownOptions({ args }: Command, text: string): string {
  const [, first] = /^error: unknown option '([^']*)'/.exec(text) ?? [];
  if (first === undefined) return '';
  const others = new Set(args.filter((arg) => /^-./.test(arg) && arg !== first));
  return [...others].map((other) => `error: unknown option '${other}'\n`).join('');
}
