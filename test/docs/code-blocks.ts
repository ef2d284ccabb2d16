/** A code block of a Markdown page. */
export interface CodeBlock {
  /** As the fence names it; `ts` for an indented block that reads like TypeScript, `` for other indented ones. */
  readonly language: string;
  /** The number of its first line of code, from 1. */
  readonly line: number;
  readonly code: string;
}

/** A file that a page shows: a block, or a part of one that begins with a comment that is a file's name. */
export interface ShownFile {
  readonly name: string;
  readonly line: number;
  readonly code: string;
}

/** Fenced blocks, also within lists, and indented ones. */
export function codeBlocks(page: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = page.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const fence = /^( *)```(\w*)/.exec(lines[at] ?? '');
    const indented = fence === null && /^ {4}/.test(lines[at] ?? '') && (lines[at - 1] ?? '') === '';
    if (fence === null && !indented) continue;
    const first = fence === null ? at : at + 1;
    const end = fence === null ? /^(?! {4}|$)/ : new RegExp(`^${fence[1]}\`\`\`$`);
    let last = first;
    while (last < lines.length && !end.test(lines[last] ?? '')) last += 1;
    const margin = fence === null ? 4 : (fence[1]?.length ?? 0);
    const code = lines
      .slice(first, last)
      .map((line) => line.slice(margin))
      .join('\n');
    blocks.push({ language: fence?.[2] ?? languageOf(code), line: first + 1, code });
    at = fence === null ? last - 1 : last;
  }
  return blocks;
}

/** The files of a block. Each comment that names a file starts a new one, even if the name has occurred. */
export function shownFiles({ language, line, code }: CodeBlock): ShownFile[] {
  const files: { name: string; line: number; code: string }[] = [];
  for (const [n, text] of code.split('\n').entries()) {
    const name = /^\/\/ ([\w.-]+\.[cm]?[jt]s)\b/.exec(text)?.[1];
    if (name !== undefined || files.length === 0) {
      files.push({ name: name ?? `block-${line}.${language}`, line: line + n, code: '' });
    }
    const file = files.at(-1);
    if (file !== undefined) file.code += `${text}\n`;
  }
  return files;
}

function languageOf(indented: string): string {
  // `export NAME=…` and `import …` are commands of shells, too.
  return /^(import .* from |export (const|async|function|default) |const |let |await )/.test(indented)
    ? 'ts'
    : '';
}
