/** Decodes one part of a URL's path; one that is not well encoded stays as it is. */
export function decodePathPart(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
