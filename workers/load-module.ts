import Module, { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Imports a module, or requires it if a hook of `require` compiles its extension, such as `ts-node/register`: `import` does not
 * call such hooks for TypeScript and JSX, and AWS's client requires these files. If `require` refuses an ES module, it is imported.
 */
export async function loadModule(url: string): Promise<Record<string, unknown>> {
  const file = fileURLToPath(url);
  const require = createRequire(url);
  if (!hasRequireHook(file, require)) return importModule(url, file, require);
  try {
    const exports: unknown = require(file);
    // As `import` presents a CommonJS module.
    return { ...(exports as object), default: exports };
  } catch (error) {
    if (!mustBeImported(error as Error)) throw error;
    return importModule(url, file, require);
  }
}

/**
 * Imports a module. If Node.js has loaded it as CommonJS, it is then taken from `require`: `import` does not call hooks of
 * `require()`, which instrumentation uses to wrap the handler of a CommonJS module.
 */
async function importModule(
  url: string,
  file: string,
  require: NodeJS.Require,
): Promise<Record<string, unknown>> {
  // A hook that the module itself installs does not wrap the module, as if `require()` had loaded it.
  const { require: requireBefore } = Module.prototype;
  const module = (await import(url)) as Record<string, unknown>;
  if (require.cache[require.resolve(file)] === undefined) return module;
  return { default: requireBefore.call(moduleOf(file, require), file) as unknown };
}

/** A module like the one behind `require`, which Node.js does not give out. Hooks read these fields, such as those of Yarn. */
function moduleOf(file: string, { resolve }: NodeJS.Require): Module {
  return Object.assign(new Module(file), { filename: file, paths: resolve.paths('package') ?? [] });
}

function hasRequireHook(file: string, { extensions }: NodeJS.Require): boolean {
  const extension = extname(file);
  const hook = COMPILED.has(extension) ? extensions[extension] : undefined;
  return hook !== undefined && !NATIVE_HOOKS.has(hook.name);
}

/** Extensions of files that Node.js itself loads with types removed or not at all. It calls hooks for `.js` and `.cjs` itself. */
const COMPILED: ReadonlySet<string> = new Set(['.ts', '.cts', '.tsx', '.jsx']);

/** The functions of Node.js 22 for TypeScript. Later versions have none. */
const NATIVE_HOOKS: ReadonlySet<string> = new Set(['loadTS', 'loadCTS']);

/** True for an ES module that cannot be required, which fails before it runs: the errors of Node.js, ts-node and tsx (esbuild). */
function mustBeImported({ name, code }: NodeJS.ErrnoException): boolean {
  return code === 'ERR_REQUIRE_ASYNC_MODULE' || code === 'ERR_REQUIRE_ESM' || name === 'TransformError';
}
