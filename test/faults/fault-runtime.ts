import type { ChildProcess } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { startRuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { InvokeError, InvokeOptions, InvokeResult } from '../../src/local/invoke.ts';
import type { RuntimeApiServer } from '../../src/local/runtime-api-server.ts';
import type { ManagedRuntimeOptions } from '../../src/config/options.ts';
import { start } from '../helpers/child-process.ts';
import type { LogLine } from '../helpers/process-output.ts';
import { RunningRuntime, LONG_TIMEOUT } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

const FIXTURES = new URL('../fixtures/faults/', import.meta.url);
const COMMAND = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const BOOTSTRAP = fileURLToPath(new URL('bootstrap.ts', FIXTURES));

/** How invocations are laid out on threads; all have enough places for neighbours on and off the faulty thread. */
export const LAYOUTS = [
  { perThread: 1, threads: 4 },
  { perThread: 4, threads: 2 },
] as const;
export type Layout = (typeof LAYOUTS)[number];

/** The run of the faults that takes longer (`npm run test:faults`). */
export const FULL = process.env['FAULTS'] === 'full';

/** For what does not depend on the layout: the short form takes only the one in which more can go wrong. */
export const EITHER_LAYOUT: readonly Layout[] = FULL ? LAYOUTS : [LAYOUTS[1]];

export interface Shape {
  readonly mode: string;
  readonly threads: number;
  readonly start: (given?: FaultOptions) => Promise<FaultRuntime>;
}

export const SINGLE_MODE = 'single mode';

/** Threads, in either layout, and single mode. */
export const SHAPES: readonly Shape[] = [
  ...EITHER_LAYOUT.map((layout) => ({
    mode: `${layout.threads} threads for ${layout.perThread} each`,
    threads: layout.threads,
    start: (given?: FaultOptions) => startLayout(layout, given),
  })),
  { mode: SINGLE_MODE, threads: 1, start: (given?: FaultOptions) => startSingle(given) },
];

export interface FaultOptions {
  /** A file of fixtures/faults. */
  readonly workerFile?: string;
  readonly options?: ManagedRuntimeOptions;
  /** Names of extras in the bootstrap. */
  readonly extras?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  /** The most descriptors that the process may have open. */
  readonly descriptors?: number;
  /** Whether the command runs, instead of the bootstrap; it knows no options but concurrency and threads. */
  readonly command?: boolean;
  /** More arguments of the command. */
  readonly args?: readonly string[];
  /** One with settings of its own, or a port that nobody listens on yet. */
  readonly api?: RuntimeApiServer;
  readonly address?: string;
}

/** A runtime in a process of its own that serves a faulty handler, and the gates that the handler waits at. */
export class FaultRuntime extends RunningRuntime {
  readonly gates: TaskRoot;
  readonly slots: number;
  #gates = 0;

  constructor(api: RuntimeApiServer, child: ChildProcess, gates: TaskRoot, slots: number) {
    super(api, child);
    this.gates = gates;
    this.slots = slots;
  }

  static async start(slots: number, given: FaultOptions): Promise<FaultRuntime> {
    const api = given.api ?? (await startRuntimeApiServer(LONG_TIMEOUT));
    const gates = await makeTaskRoot();
    const [file, args] =
      given.command === true ? [COMMAND, ['faulty.handler', ...(given.args ?? [])]] : [BOOTSTRAP, []];
    const { concurrency = 1, threads = 1 } = given.options ?? {};
    const forCommand = {
      LAMBDA_TASK_ROOT: fileURLToPath(FIXTURES),
      AWS_LAMBDA_MAX_CONCURRENCY: String(concurrency),
      AWS_LAMBDA_NODEJS_WORKER_COUNT: String(threads),
    };
    const { execArgv, descriptors } = given;
    const child = start(file, args, {
      execArgv,
      descriptors,
      env: {
        AWS_LAMBDA_RUNTIME_API: given.address ?? api.address,
        WORKER_FILE: fileURLToPath(new URL(given.workerFile ?? 'faulty.mjs', FIXTURES)),
        OPTIONS: JSON.stringify(given.options ?? {}),
        EXTRAS: (given.extras ?? []).join(','),
        GATE_DIRECTORY: gates.path,
        ...(given.command === true ? forCommand : {}),
        ...given.env,
      },
    });
    return new FaultRuntime(api, child, gates, slots);
  }

  open(gate: string): Promise<void> {
    return writeFile(join(this.gates.path, `open-${gate}`), '');
  }

  /** Resolves when so many files of that name have been made by the handler. */
  async marks(prefix: string, count: number): Promise<void> {
    const seen = async () => {
      await this.unlessExited(Promise.resolve());
      return (await this.made(prefix)).length;
    };
    await expect.poll(seen, { timeout: 60_000, interval: 10 }).toBe(count);
  }

  /** The files of that name that have been made so far. */
  async made(prefix: string): Promise<string[]> {
    return (await readdir(this.gates.path)).filter((name) => name.startsWith(prefix));
  }

  /** Invokes and resolves with whatever becomes of it. */
  result(event: unknown, options: InvokeOptions = {}): Promise<InvokeResult> {
    return this.unlessExited(this.api.invoke(JSON.stringify(event), { whenCapacity: true, ...options }));
  }

  /** Resolves with the diagnostic that was posted. */
  async diagnostic(event: unknown, options: InvokeOptions = {}): Promise<PostedError> {
    return posted(await this.failure(event, options));
  }

  /** Starts so many invocations that wait, and resolves when their handlers run. */
  async neighbours(count: number): Promise<Neighbours> {
    const gate = this.newGate();
    const requestIds = Array.from({ length: count }, (_, n) => `${gate}-${n}`);
    const results = Promise.all(
      requestIds.map((requestId) => this.result({ do: 'wait', gate }, { requestId })),
    );
    await this.marks(`arrived-${gate}-`, count);
    return {
      release: async () => {
        await this.open(gate);
        return results;
      },
    };
  }

  /** Resolves with the first log line that has these fields; a field may be an asymmetric matcher. */
  async logged(fields: object): Promise<LogLine> {
    const matches = expect.objectContaining(fields);
    const look = async () => {
      await this.unlessExited(Promise.resolve());
      return this.log.find((line) => matches.asymmetricMatch(line));
    };
    await expect.poll(look, { timeout: 60_000, interval: 10 }).toBeDefined();
    return (await look()) as LogLine;
  }

  newGate(): string {
    this.#gates += 1;
    return `gate${this.#gates}`;
  }

  /** All slots are there: their invocations meet, and none waits for capacity. Resolves with the threads. */
  async expectFullCapacity(): Promise<number[]> {
    await this.whenParked(this.slots);
    const event = { do: 'meet', gate: this.newGate(), of: this.slots };
    const meeting = Array.from({ length: this.slots }, () =>
      this.invoke<{ threadId: number }>(event, { whenCapacity: false }),
    );
    const threads = (await Promise.all(meeting)).map(({ threadId }) => threadId);
    await this.whenParked(this.slots);
    expect(this.api.parked).toBe(this.slots);
    expect(this.api.inFlight).toBe(0);
    return threads;
  }

  /** Each event that was handed over has been answered, once, and no answer was refused. */
  expectAnsweredOnce(): void {
    for (const delivery of this.api.deliveries.values()) {
      expect(delivery).toMatchObject({ handedOver: 1, accepted: 1, refused: [] });
    }
  }

  /**
   * The same where a connection is lost with a poll on it: it may take the news of the answer before it along, which is
   * then repeated and refused.
   */
  expectTakenOnce(): void {
    for (const { accepted, refused } of this.api.deliveries.values()) {
      expect(accepted).toBe(1);
      expect(refused.filter((status) => status !== 400)).toEqual([]);
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.gates[Symbol.asyncDispose]();
  }
}

export interface Neighbours {
  /** Lets them go on, and resolves with what became of each. */
  release(): Promise<InvokeResult[]>;
}

export interface PostedError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stackTrace: readonly string[];
  readonly code?: unknown;
  /** As the header has it. */
  readonly header: string | undefined;
}

/** Starts so many threads for so many invocations each. */
export function startLayout(
  { perThread, threads }: { readonly perThread: number; readonly threads: number },
  given: FaultOptions = {},
): Promise<FaultRuntime> {
  const slots = perThread * threads;
  const options = {
    concurrency: Math.max(slots, 2),
    threads,
    invocationsPerThread: perThread,
    ...given.options,
  };
  return FaultRuntime.start(slots, { ...given, options });
}

/** Starts the mode without threads. */
export function startSingle(given: FaultOptions = {}): Promise<FaultRuntime> {
  return FaultRuntime.start(1, { ...given, options: { concurrency: 1, ...given.options } });
}

export function posted(result: InvokeResult): PostedError {
  expect(result.status).toBe('error');
  const { error, rawErrorType } = result as InvokeError;
  return { ...(error as unknown as PostedError), header: rawErrorType };
}

/** How many there are of each status. */
export function statuses(results: readonly InvokeResult[]): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(results, ({ status }) => status)].map(([s, of]) => [s, of.length]),
  );
}

/** Threads of a process, those of Node itself included. */
export async function threadCount(pid: number | undefined): Promise<number> {
  return (await readdir(`/proc/${pid}/task`)).length;
}

/** CPU time that a process has used, in ms. */
export async function cpuMs(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime, in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
