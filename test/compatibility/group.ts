import type { Collector } from './collector.ts';
import type { FunctionProcess } from './function-process.ts';
import type { Upstream } from './upstream.ts';

/** Packages that are tried together. A folder below `groups` has the group's package.json, lock file and handlers. */
export interface Group {
  /** The name of the folder. */
  readonly name: string;
  /** The heading in docs/compatibility.md. */
  readonly title: string;
  readonly trials: readonly Trial[];
}

/** One way to attach or to use packages. Each case of it runs in a process of its own. */
export interface Trial {
  /** Unique in the group. Says what is attached and how. */
  readonly name: string;
  /** The packages whose versions the table shows. */
  readonly packages: readonly string[];
  /** What {@link prove} shows, for the table. */
  readonly shown: string;
  /** What a user sets, as Markdown. Default: nothing. */
  readonly set?: string;
  /** The value of `_HANDLER` by module format. */
  readonly handlers: Partial<Record<Format, string>>;
  /** Default: {@link LAYOUTS}. */
  readonly layouts?: readonly Layout[];
  /** Whether the trial also runs through AWS's client. Default: false. */
  readonly beside?: boolean;
  /** Environment variables, in addition to those of Lambda; undefined removes one. */
  readonly env?: (services: Services) => Readonly<Record<string, string | undefined>>;
  /** Makes files in the task root before the process starts. */
  readonly prepare?: (services: Services) => Promise<void>;
  /** A script in the group's folder that starts the runtime, as `AWS_LAMBDA_EXEC_WRAPPER` does. */
  readonly wrapper?: string;
  /** Why the packages are not in the group's package.json, as Markdown. */
  readonly untried?: string;
  /** Rejects if the trial fails. */
  readonly prove: (running: FunctionProcess, services: Services) => Promise<void>;
  /** The known failures. A case that fails without a reason, or works in spite of one, makes the run fail. */
  readonly reasons?: readonly Reason[];
}

export type Format = 'CommonJS' | 'ES module';

/** How many invocations and threads there are. */
export interface Layout {
  readonly name: string;
  readonly threads: number;
  readonly concurrency: number;
}

/** An invocation at a time on each of four threads. */
export const UNSHARED: Layout = { name: '4 threads × 1', threads: 4, concurrency: 4 };
/** Four invocations at a time on each of two threads. */
export const SHARED: Layout = { name: '2 threads × 4', threads: 2, concurrency: 8 };
export const LAYOUTS: readonly Layout[] = [UNSHARED, SHARED];
/** The main thread alone. */
export const SINGLE: Layout = { name: 'single mode', threads: 0, concurrency: 1 };

export type ContenderName = 'ours' | 'theirs';

/** A trial in one layout, in one module format, with one of the two runtimes. */
export interface Case {
  readonly contender: ContenderName;
  readonly layout: string;
  readonly format: Format;
}

/** Why cases fail. Omitted fields match all cases. */
export interface Reason {
  readonly contender?: ContenderName;
  readonly layout?: string;
  readonly format?: Format;
  /** Whether the failure depends on a race, so that the case also works at times. It is recorded as failing. */
  readonly isRace?: boolean;
  /** The cause, with the package's own line of code, as Markdown. */
  readonly why: string;
}

/** What a trial uses outside of the function. Started again for each case. */
export interface Services {
  readonly collector: Collector;
  readonly upstream: Upstream;
  /** Where the group's packages are installed: the task root. */
  readonly root: string;
}
