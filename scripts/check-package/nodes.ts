import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from '../root.ts';
import type { Log } from './log.ts';

/** An installed version of Node.js. */
export interface NodeBinary {
  readonly major: string;
  readonly path: string;
}

/** Returns the Node.js of a major version. Installs it next to those of `.ci/run` if it is missing. */
export async function findNode(major: string, log: Log): Promise<NodeBinary> {
  if (process.version.startsWith(`v${major}.`)) return { major, path: process.execPath };
  const folder = join(ROOT, '.ci/node', major);
  const path = join(folder, 'node_modules/node/bin/node');
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    const manifest = { name: `node-${major}`, private: true, allowScripts: { node: true } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    await log.run('npm', ['install', '--no-save', '--no-package-lock', `node@${major}`], { cwd: folder });
  }
  return { major, path };
}

/** Returns the environment of a user of this Node.js: it is first on the PATH, and no Lambda variables are set. */
export function environmentOf(node: NodeBinary): NodeJS.ProcessEnv {
  const { HOME, PATH } = process.env;
  return { HOME, PATH: `${dirname(node.path)}:${PATH}`, LOCAL_LAMBDA_PORT: '0' };
}

/** As {@link environmentOf}, for commands that install packages: npm needs its settings, and those of proxies. */
export function environmentWithNpm(node: NodeBinary): NodeJS.ProcessEnv {
  return { ...process.env, ...environmentOf(node) };
}
