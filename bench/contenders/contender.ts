export type ContenderName =
  'ours' | 'aws-lambda-ric' | 'single mode' | 'floor' | 'bare work' | 'another build';

/** What a runtime is started for. */
export interface Setup {
  /** A file in `handlers/`, without its ending. */
  readonly handler: string;
  readonly slots: number;
  readonly threads: number;
  /** libuv's pool, for aws-lambda-ric; it needs one of these threads for every open `/next`. */
  readonly threadpool: number | undefined;
}

/** A program that serves a handler. */
export interface Contender {
  readonly name: ContenderName;
  readonly version: string;
  /** How many polls it has open when it is idle. */
  polls(setup: Setup): number;
  command(setup: Setup): readonly string[];
  environment(setup: Setup): NodeJS.ProcessEnv;
}

/** A contender that can't take part, and why. */
export interface Absentee {
  readonly name: ContenderName;
  readonly reason: string;
}
