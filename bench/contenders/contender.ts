export type ContenderName =
  'ours' | 'aws-lambda-ric' | 'single mode' | 'floor' | 'bare work' | 'another build';

/** The settings with which a runtime is started. */
export interface Setup {
  /** The name of a file in `handlers/`, without its extension. */
  readonly handler: string;
  readonly slots: number;
  readonly threads: number;
  /** The size of libuv's pool for aws-lambda-ric, which needs one of its threads for each open `/next`. */
  readonly threadpool: number | undefined;
}

/** A runtime that takes part in the benchmark. */
export interface Contender {
  readonly name: ContenderName;
  readonly version: string;
  /** Returns the number of polls that it keeps open when idle. */
  polls(setup: Setup): number;
  command(setup: Setup): readonly string[];
  environment(setup: Setup): NodeJS.ProcessEnv;
}

/** A contender that cannot take part, with the reason. */
export interface Absentee {
  readonly name: ContenderName;
  readonly reason: string;
}
