/** Returns the folder of the innermost package that a path leads into, or undefined if it leads into none. */
export function packageFolder(path: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/.][^/]*(?=\/)/.exec(path)?.[0];
}
