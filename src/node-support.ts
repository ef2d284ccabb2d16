/**
 * Says why the runtime cannot work on this Node.js, or with the flags that it was started with; undefined where it can.
 *
 * The command calls it before it loads anything else: what is here, and what loads it, has no syntax and no builtin that
 * older versions do not know.
 */
export function unsupportedNode(): string | undefined {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return `Node.js ${OLDEST.join('.')} or newer is needed, but this is ${process.versions.node} (${process.execPath}).`;
  }
  // The HTTP client parses with WebAssembly, as does Node.js itself where it loads TypeScript.
  if (!('WebAssembly' in globalThis)) {
    return 'WebAssembly is not available, which the HTTP client needs. Start Node.js without --jitless (execArgv, NODE_OPTIONS).';
  }
  // The console, the standard streams and process.exit of handlers are replaced.
  if (Object.isFrozen(console)) {
    return 'The console is frozen, which the runtime must replace. Start Node.js without --frozen-intrinsics (execArgv, NODE_OPTIONS).';
  }
  return undefined;
}

/** As `engines` in package.json has it. */
const OLDEST = [22, 19] as const;
