import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.ts';

/** Extracts the files of the README's first example. */
export function firstExample(): Readonly<Record<'handler.ts' | 'main.ts', string>> {
  const [handler, main] = codeBlocks();
  if (handler?.name !== 'handler.ts' || main?.name !== 'main.ts') {
    throw new Error('The first code blocks of the README must be handler.ts and main.ts.');
  }
  return { 'handler.ts': handler.code, 'main.ts': main.code };
}

/** Extracts the arguments of the README's first `npx lambda-managed-runtime`, which runs the example locally. */
export function localCommand(): readonly string[] {
  const [, args] = /^ {4}npx lambda-managed-runtime (.+)$/m.exec(README()) ?? [];
  if (args === undefined) throw new Error('The README has no command that runs the example locally.');
  return args.split(' ');
}

/** Extracts the event of the README's first `curl` command. */
export function exampleEvent(): string {
  const [, event] = /--data '(.+)'/.exec(README()) ?? [];
  if (event === undefined) throw new Error('The README has no `curl` command with an event.');
  return event;
}

function codeBlocks(): { readonly name: string; readonly code: string }[] {
  return [...README().matchAll(/^```ts\n\/\/ ([\w.]+).*\n([^]*?)^```$/gm)].map(
    ([, name = '', code = '']) => ({ name, code }),
  );
}

const README = () => readFileSync(join(ROOT, 'README.md'), 'utf8');
