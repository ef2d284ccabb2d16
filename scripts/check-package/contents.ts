import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Check } from './check.ts';
import { FOR_DEVELOPMENT } from '../bundle-sources.ts';
import { createProject } from './project.ts';
import { ROOT } from '../root.ts';

/** Checks that the tarball contains exactly the required files, and that source maps cover what runs on Lambda. */
export const contents: Check = async ({ tarball }, log) => {
  const files = (await log.run('tar', ['-tzf', tarball]))
    .split('\n')
    .filter((file) => file.startsWith('package/'));
  const names = files.map((file) => file.slice('package/'.length));
  assert.deepEqual(names.filter((name) => !/^(dist|docs)\//.test(name)).sort(), [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'THIRD-PARTY-LICENSES',
    ...SCRIPTS,
    'deploy/resolve-in-layer.cjs',
    'deploy/start-managed-runtime.sh',
    'package.json',
  ]);
  const pages = names.filter((name) => name.endsWith('.md'));
  for (const page of pages) assert.deepEqual(linksOutOf(page, names), [], `${page} links to files outside.`);
  const built = names.filter((name) => name.startsWith('dist/'));
  const page = built.filter((name) => name.startsWith(PAGE));
  assert.deepEqual(page.map((name) => name.slice(PAGE.length)).sort(), PAGE_FILES);
  const ours = built.filter((name) => !name.startsWith(PAGE));
  const strangers = ours.filter((name) => !/^dist\/(src|workers)\/.*\.(js|js\.map|d\.ts)$/.test(name));
  assert.deepEqual(strangers, []);

  using project = await createProject(log, undefined, ['--ignore-scripts', tarball]);
  const installed = join(project.path, 'node_modules/lambda-managed-runtime');
  for (const script of SCRIPTS)
    assert.equal(statSync(join(installed, script)).mode & 0o111, 0o111, `${script} is not executable`);
  const scripts = ours.filter((name) => name.endsWith('.js'));
  for (const script of scripts) {
    const code = readFileSync(join(installed, script), 'utf8');
    if (!names.includes(`${script}.map`)) {
      const sources = [...code.matchAll(/^\/\/ ((?:src|workers)\/\S+\.ts)$/gm)].map(
        ([, source = '']) => source,
      );
      const unmapped = sources.filter((source) => !FOR_DEVELOPMENT.test(source));
      assert.deepEqual(unmapped, [], `${script} has no source map`);
      continue;
    }
    assert.match(code, /\n\/\/# sourceMappingURL=\S+\.js\.map\s*$/, script);
    const map = JSON.parse(readFileSync(join(installed, `${script}.map`), 'utf8')) as SourceMap;
    assert.equal(map.sourcesContent?.length, map.sources.length, `${script}.map has not all sources`);
    const withText = map.sources.filter((_source, index) => map.sourcesContent?.[index] !== '');
    const others = withText.filter((source) => /node_modules|^builtin:/.test(source));
    assert.deepEqual(others, [], `${script}.map has code of other packages`);
  }
  const run = (args: string[]) =>
    log.run(process.execPath, ['--input-type=module', ...args], { cwd: project.path });
  const byPath = pathToFileURL(join(installed, 'dist/src/package-files.js')).href;
  assert.equal(
    await run(['--eval', MISSING, byPath]),
    '',
    'Some files that the package resolves by path are missing.',
  );
  const trace = await run(['--enable-source-maps', '--eval', FAIL]);
  assert.match(trace, /src\/config\/[\w-]+\.ts:\d+/, 'The stack trace does not name the source.');
};

/** The links of a page to files that the package does not contain. */
function linksOutOf(page: string, names: readonly string[]): string[] {
  const links = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^)\s#]+)/g)].map(
    ([, link = '']) => link,
  );
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => !names.includes(posix.join(posix.dirname(page), link)));
}

/** What Lambda executes. */
const SCRIPTS = ['deploy/bootstrap', 'deploy/exec-wrapper'];

/** The console's page, bundled. */
const PAGE = 'dist/src/console/page/bundle/';
const PAGE_FILES = ['index.html', 'licenses.txt', 'page.css', 'page.js'];

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly string[];
}

/** A script that prints the missing ones of the files that the package resolves by path. */
const MISSING = `
import { existsSync } from 'node:fs';
const { CONSOLE_PAGE, ENTRY_FILES } = await import(process.argv[1]);
for (const url of [CONSOLE_PAGE, ...Object.values(ENTRY_FILES)]) if (!existsSync(url)) console.log(url.href);
`;

const FAIL = `
import { createManagedRuntime } from 'lambda-managed-runtime';
try { createManagedRuntime('handler.js', { concurrency: -1 }); } catch (error) { console.log(error.stack); }
`;
