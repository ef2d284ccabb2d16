/**
 * Returns why the runtime does not support this version of Node.js or its flags; undefined if it does.
 *
 * The command calls this function before it loads other modules. This module and the entry that loads it must not use syntax or
 * builtins that older versions of Node.js lack.
 */
export function unsupportedNode(): string | undefined {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    return `Node.js ${OLDEST.join('.')} or newer is needed, but this is ${process.versions.node} (${process.execPath}).`;
  }
  // The HTTP client needs WebAssembly for its parser, Node.js needs it to load TypeScript.
  if (!('WebAssembly' in globalThis)) {
    return 'The HTTP client needs WebAssembly, which is not available. Start Node.js without --jitless (execArgv, NODE_OPTIONS).';
  }
  // The runtime replaces methods of console, the standard streams and process.exit.
  if (Object.isFrozen(console)) {
    return 'The runtime must replace the methods of console, but it is frozen. Start Node.js without --frozen-intrinsics (execArgv, NODE_OPTIONS).';
  }
  return undefined;
}

/** Must match `engines` in package.json. */
const OLDEST = [22, 19] as const;
