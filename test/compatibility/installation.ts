import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SHARED = fileURLToPath(new URL('shared/', import.meta.url));
const GROUPS = fileURLToPath(new URL('groups/', import.meta.url));
const CACHE = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'lambda-managed-runtime/compatibility',
);
const MANIFESTS = ['package.json', 'package-lock.json'];

/**
 * Installs the packages of a group outside of the project's tree, unless they are there, and copies its handlers beside
 * them. Resolves with the folder, which is the task root of the group's functions.
 */
export async function install(name: string): Promise<string> {
  const [source, root] = [join(GROUPS, name), join(CACHE, name)];
  const wanted = createHash('sha256');
  for (const file of MANIFESTS) wanted.update(readFileSync(join(source, file)));
  // Compiled addons belong to one version of Node.js.
  const version = `${process.version} ${wanted.digest('hex')}`;
  const marker = join(root, 'installed');
  if (!existsSync(marker) || readFileSync(marker, 'utf8') !== version) {
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    for (const file of MANIFESTS) cpSync(join(source, file), join(root, file));
    await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: root,
      env: { ...process.env, ...headersOfNode() },
      maxBuffer: 2 ** 26,
    });
    writeFileSync(marker, version);
  }
  for (const folder of [SHARED, join(source, 'function')])
    if (existsSync(folder)) cpSync(folder, root, { recursive: true });
  return root;
}

/**
 * Where addons that are compiled find the headers of this Node.js, if its distribution has them. node-gyp would download
 * them, or take those of another version.
 */
function headersOfNode(): NodeJS.ProcessEnv {
  const distribution = join(dirname(process.execPath), '..');
  const candidates = [
    distribution,
    join(distribution, `node_modules/node-${process.platform}-${process.arch}`),
  ];
  const found = candidates.find((folder) => existsSync(join(folder, 'include/node/node_version.h')));
  return found === undefined ? {} : { npm_config_nodedir: found };
}

/** The installed version of a package; undefined if the registry did not hand it out for this platform. */
export function installedVersion(root: string, name: string): string | undefined {
  const file = join(root, 'node_modules', name, 'package.json');
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
