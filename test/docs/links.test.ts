import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

const PAGES = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'bench/**/*.md'], {
  cwd: PROJECT,
  exclude: ['**/node_modules/**', 'examples/deploy/build/**'],
}).sort();

/** A path within the project, as code, also behind `node`. */
const FILE_IN_CODE = /`(?:node )?((?:src|workers|test|bench|scripts)\/[\w./-]+)/g;
/** Files that commands write. */
const RESULT = /^(bench|scripts)\/results\//;

describe('the links between pages', () => {
  it.each(PAGES)('of %s lead to existing files and headings', (page) => {
    const dead = linksOf(page).filter((link) => !leadsSomewhere(page, link));
    expect(dead).toEqual([]);
  });

  it.each(PAGES.filter(isPublished))('of %s stay within the package', (page) => {
    const outside = linksOf(page)
      .map((link) => link.split('#')[0] ?? '')
      .filter((path) => path !== '' && !isPublished(join(dirname(page), path)));
    expect(outside).toEqual([]);
  });

  it('connect the API reference with the README and its pages with each other', () => {
    expect(linksOf('README.md')).toContain('docs/api/README.md');
    const reference = PAGES.filter((page) => page.startsWith('docs/api/'));
    const pages = linksOf('docs/api/README.md').map((link) => join('docs/api', link));
    expect([...pages, 'docs/api/README.md'].sort()).toEqual(reference);
    for (const page of pages) expect(linksOf(page).length).toBeGreaterThan(0);
  });
});

it.each([
  'CONTRIBUTING.md',
  'docs/architecture.md',
  'docs/performance.md',
  'docs/reliability.md',
  'bench/README.md',
])('the files that %s names in code exist', (page) => {
  const named = [...textOf(page).matchAll(FILE_IN_CODE)].map(([, file = '']) => file);
  expect(named.filter((file) => !existsSync(join(PROJECT, file)) && !RESULT.test(file))).toEqual([]);
});

it('the API reference contains no absolute paths, commit hashes or line numbers', () => {
  for (const page of PAGES.filter((name) => name.startsWith('docs/api/'))) {
    const text = textOf(page);
    expect(text).not.toContain(PROJECT);
    expect(text).not.toMatch(/\b[0-9a-f]{40}\b|file:\/\/|\.ts:\d+/);
  }
});

/** Whether the published package contains the file: `files` of package.json, and what npm always adds. */
function isPublished(file: string): boolean {
  return /^(docs\/(?!architecture\.md$)|CHANGELOG\.md$|README\.md$|LICENSE$|THIRD-PARTY-LICENSES$|package\.json$)/.test(
    file,
  );
}

/** Links within the project, as they are written. Code is skipped. */
function linksOf(page: string): string[] {
  const prose = textOf(page)
    .replaceAll(/^ *```[^]*?^ *```$/gm, '')
    .replaceAll(/(?<!\[)`[^`\n]+`(?!\])/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : relative(PROJECT, join(PROJECT, dirname(page), path));
  if (!existsSync(join(PROJECT, target))) return false;
  return anchor === undefined || (statSync(join(PROJECT, target)).isFile() && anchorsOf(target).has(anchor));
}

/** The anchors that GitHub makes of headings, and explicit anchors. */
function anchorsOf(page: string): ReadonlySet<string> {
  const text = textOf(page);
  const anchors = new Set([...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id));
  const times = new Map<string, number>();
  for (const [, heading = ''] of text.replaceAll(/^ *```[^]*?^ *```$/gm, '').matchAll(/^#+ (.+)$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const before = times.get(slug) ?? 0;
    times.set(slug, before + 1);
    anchors.add(before === 0 ? slug : `${slug}-${before}`);
  }
  return anchors;
}

function textOf(page: string): string {
  return readFileSync(join(PROJECT, page), 'utf8');
}
