/** One line that a contender has written, in the form that both have in common. */
export interface LogLine {
  readonly to: 'stdout' | 'stderr';
  readonly format: 'JSON' | 'Text' | 'raw';
  /** Whether it has a timestamp in ISO 8601. */
  readonly timestamp?: boolean;
  readonly level?: unknown;
  readonly requestId?: unknown;
  readonly message?: unknown;
  readonly [field: string]: unknown;
}

/** The lines of a contender, first those of stdout. All that it wrote to stderr is one. */
export function readLog(
  { stdout, stderr }: { readonly stdout: string; readonly stderr: string },
  { inOrder }: { readonly inOrder: boolean },
): readonly LogLine[] {
  const lines = stdout.split('\n');
  const last = lines.pop() ?? '';
  const written = [...lines, ...(last === '' ? [] : [last])]
    .map(readLine)
    .filter((line) => !causedByHarness(line));
  // The order of lines of invocations that run at once is nobody's promise.
  if (!inOrder) written.sort((a, b) => String(a.requestId).localeCompare(String(b.requestId)));
  return stderr === ''
    ? written
    : [...written, { to: 'stderr', format: 'raw', message: stderr.trimEnd().split('\n') }];
}

function readLine(line: string): LogLine {
  const json = asObject(line);
  if (json !== undefined) {
    const { timestamp, ...fields } = json;
    return { to: 'stdout', format: 'JSON', timestamp: isTime(timestamp), ...fields };
  }
  const [time, requestId, ...rest] = line.split('\t');
  if (!isTime(time) || rest.length === 0) return { to: 'stdout', format: 'raw', message: line };
  // This runtime writes the tenant, where there is one, in front of the level.
  const level = rest.findIndex((field) => LEVEL.test(field));
  return {
    to: 'stdout',
    format: 'Text',
    timestamp: true,
    requestId,
    ...(level > 0 && { tenantId: rest.slice(0, level).join('\t') }),
    level: rest[level],
    message: rest.slice(level + 1).join('\t'),
  };
}

const LEVEL = /^(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)$/;

/** Each process is ended with SIGTERM; this is what ours says to it. */
function causedByHarness({ message }: LogLine): boolean {
  return message === 'Stopping' || message === 'The runtime has stopped';
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
}

function asObject(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
