import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { ROOT } from './root.ts';

/** An import of a module, or a re-export from it. */
export interface Import {
  /** The importing file, relative to the project's directory. */
  readonly from: string;
  /** The imported file, relative to the project's directory, or a package specifier. */
  readonly to: string;
  /** Whether the import is erased at run time. */
  readonly isType: boolean;
}

/** Lists the TypeScript files in folders, relative to the project's directory. */
export function sourceFiles(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /(?<!\.d)\.tsx?$/.test(file))
      .map((file) => join(folder, file)),
  );
}

export function importsOf(file: string, text = readFileSync(join(ROOT, file), 'utf8')): Import[] {
  const found: Import[] = [];
  const add = (specifier: string, isType: boolean): void => {
    const to = specifier.startsWith('.') ? normalize(join(file, '..', specifier)) : specifier;
    found.push({ from: file, to, isType });
  };
  new Visitor({
    ImportDeclaration: ({ source, importKind }) => add(source.value, importKind === 'type'),
    ExportAllDeclaration: ({ source, exportKind }) => add(source.value, exportKind === 'type'),
    ExportNamedDeclaration: ({ source, exportKind }) => {
      if (source !== null) add(source.value, exportKind === 'type');
    },
    ImportExpression: ({ source }) => {
      if (source.type === 'Literal' && typeof source.value === 'string') add(source.value, false);
    },
    TSImportType: ({ source }) => add(source.value, true),
  }).visit(parseSync(file, text).program);
  return found;
}

/** Finds circular imports: groups of files that all import each other, directly or indirectly, sorted by name. */
export function circlesOf(imports: readonly Import[]): string[][] {
  const next = Map.groupBy(imports, ({ from }) => from);
  const reachable = new Map<string, Set<string>>();
  for (const start of next.keys()) {
    const seen = new Set<string>();
    const open = [start];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      for (const { to } of next.get(file) ?? []) {
        if (seen.has(to)) continue;
        seen.add(to);
        open.push(to);
      }
    }
    reachable.set(start, seen);
  }
  const leads = (from: string, to: string): boolean => reachable.get(from)?.has(to) ?? false;
  const groups = [...next.keys()]
    .filter((file) => leads(file, file))
    .map((file) => [...next.keys()].filter((other) => leads(file, other) && leads(other, file)).toSorted());
  return [...new Map(groups.map((group) => [group.join(' '), group])).values()].toSorted();
}
