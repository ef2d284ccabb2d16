import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../root.ts';

/** The first example of the README, as somebody who reads nothing else would take it. */
export function firstExample(): Readonly<Record<'handler.ts' | 'main.ts', string>> {
  const [handler, main] = codeBlocks();
  if (handler?.name !== 'handler.ts' || main?.name !== 'main.ts') {
    throw new Error('The README does not begin with a handler.ts and a main.ts.');
  }
  return { 'handler.ts': handler.code, 'main.ts': main.code };
}

/** The arguments of the README's first `npx lambda-managed-runtime`, the one for local runs. */
export function localCommand(): readonly string[] {
  const [, args] = /^ {4}npx lambda-managed-runtime (.+)$/m.exec(README()) ?? [];
  if (args === undefined) throw new Error('The README does not say how to run it locally.');
  return args.split(' ');
}

/** The event of the README's first `curl`. */
export function exampleEvent(): string {
  const [, event] = /--data '(.+)'/.exec(README()) ?? [];
  if (event === undefined) throw new Error('The README has no event to try.');
  return event;
}

function codeBlocks(): { readonly name: string; readonly code: string }[] {
  return [...README().matchAll(/^```ts\n\/\/ ([\w.]+).*\n([^]*?)^```$/gm)].map(
    ([, name = '', code = '']) => ({ name, code }),
  );
}

const README = () => readFileSync(join(ROOT, 'README.md'), 'utf8');
