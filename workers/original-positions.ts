/** Finds original positions with source maps. */
import { readFile } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import type { SourceMapPayload, SourceMapping } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Promise } from '../src/builtins.ts';

/** A function and a position in a file that runs. Lines and columns count from 1. */
export interface GeneratedPosition {
  readonly functionName: string;
  /** A `file:` URL or a path. */
  readonly url: string;
  readonly line: number;
  /** Undefined for the first position of the line that the map knows. */
  readonly column: number | undefined;
}

/** The function and the position in the source. */
export interface OriginalPosition {
  readonly functionName: string;
  /** A path, or the URL in the map if it is not a `file:` URL. */
  readonly url: string;
  readonly line: number;
  readonly column: number | undefined;
}

/** Resolves with the original position of each position; undefined where no source map can be read that knows it. */
export async function originalPositions(
  positions: readonly GeneratedPosition[],
): Promise<readonly (OriginalPosition | undefined)[]> {
  const files = new Map<string, Promise<MappedFile | undefined>>();
  return Promise.all(
    positions.map(async (position) => {
      const { url } = position;
      const file = files.get(url) ?? loadMap(url);
      files.set(url, file);
      return (await file)?.find(position);
    }),
  );
}

/** Undefined if the file has no source map, or one that cannot be read. */
async function loadMap(url: string): Promise<MappedFile | undefined> {
  try {
    const file = url.startsWith('file:') ? new URL(url) : pathToFileURL(url);
    const code = await readFile(file, 'utf8');
    const reference = [...code.matchAll(/^\/\/[#@] sourceMappingURL=(\S+)\s*$/gm)].at(-1)?.[1];
    if (reference === undefined) return undefined;
    const location = new URL(reference, file);
    const isInline = location.protocol === 'data:';
    const json = isInline ? contentOf(location) : await readFile(location, 'utf8');
    return new MappedFile(code, JSON.parse(json) as SourceMapPayload, isInline ? file : location);
  } catch {
    return undefined;
  }
}

/** The content of a `data:` URL. */
function contentOf({ pathname }: URL): string {
  const comma = pathname.indexOf(',');
  const content = pathname.slice(comma + 1);
  return pathname.slice(0, comma).endsWith(';base64')
    ? Buffer.from(content, 'base64').toString()
    : decodeURIComponent(content);
}

class MappedFile {
  readonly #lines: readonly string[];
  readonly #map: SourceMap;
  readonly #root: URL;

  constructor(code: string, payload: SourceMapPayload, location: URL) {
    this.#lines = code.split('\n');
    this.#map = new SourceMap(payload);
    const { sourceRoot = '' } = payload;
    this.#root = new URL(sourceRoot === '' ? '' : sourceRoot.replace(/\/?$/, '/'), location);
  }

  find({ functionName, line, column }: GeneratedPosition): OriginalPosition | undefined {
    const entry = this.#entryAt(line - 1, column === undefined ? this.#indentOf(line) : column - 1);
    if (entry === undefined) return undefined;
    const source = new URL(entry.originalSource, this.#root);
    return {
      functionName: this.#nameAt(functionName, line, column) ?? functionName,
      url: source.protocol === 'file:' ? fileURLToPath(source) : entry.originalSource,
      line: entry.originalLine + 1,
      column: column === undefined ? undefined : entry.originalColumn + 1,
    };
  }

  /** The name in the source of a function whose name the bundler has shortened. `column` is that of its parameters. */
  #nameAt(functionName: string, line: number, column: number | undefined): string | undefined {
    if (column === undefined) return undefined;
    const nameColumn = column - 1 - functionName.length;
    const entry = this.#entryAt(line - 1, nameColumn);
    return entry?.generatedColumn === nameColumn ? entry.name : undefined;
  }

  /** The last entry of the line that is not behind the column. Both count from 0. */
  #entryAt(line: number, column: number): (SourceMapping & { readonly name?: string }) | undefined {
    const entry = this.#map.findEntry(line, column);
    return 'originalSource' in entry && entry.generatedLine === line ? entry : undefined;
  }

  #indentOf(line: number): number {
    return /^\s*/.exec(this.#lines[line - 1] ?? '')?.[0].length ?? 0;
  }
}
