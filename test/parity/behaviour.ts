import type { InvokeOptions } from '../../src/local/invoke.ts';

/** Something that a handler does, and what it is given. It runs in each layout through this runtime and through AWS's client. */
export interface Behaviour {
  /** Says what happens, in the present tense. Unique: reports and reasons refer to it. */
  readonly name: string;
  /** Files of the function's package; a string is the source of `index.mjs`. */
  readonly files: string | Readonly<Record<string, string>>;
  /** `_HANDLER`; `index.handler` by default, null for none. */
  readonly handler?: string | null;
  /** Added to the environment of the layout; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** One empty object by default. */
  readonly events?: readonly BehaviourEvent[];
  /** Sends all events together. By default each is sent when the one before is answered. */
  readonly atOnce?: boolean;
  /** A signal that the process gets: when all events are answered, or when the handler has logged that it is ready for it. */
  readonly signal?: { readonly name: NodeJS.Signals; readonly afterLogged?: RegExp };
  /** All three by default. */
  readonly layouts?: readonly LayoutName[];
  /** The behaviours that share this one's process: each is the event at the same place. See `together`. */
  readonly cases?: readonly Case[];
}

/** A behaviour that leaves its process as it was, so that others can follow it there. */
export interface Case {
  /** As {@link Behaviour.name}. */
  readonly name: string;
  /** Of an async function with the parameters of a handler; `stream` is the second one's name where it streams. */
  readonly body: string;
  /** How it is invoked. */
  readonly event?: Omit<BehaviourEvent, 'body'>;
}

/** An event, and how it is invoked. */
export interface BehaviourEvent extends Omit<InvokeOptions, 'requestId' | 'whenCapacity'> {
  /** `{}` by default. */
  readonly body?: string | Uint8Array;
}

export type LayoutName = 'single' | 'threads' | 'shared';

/** How many invocations and threads there are. */
export interface Layout {
  readonly name: LayoutName;
  readonly title: string;
  readonly env: Readonly<Record<string, string>>;
}

export const LAYOUTS: readonly Layout[] = [
  {
    name: 'single',
    title: 'one invocation at a time, on the main thread',
    env: { AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand' },
  },
  {
    name: 'threads',
    title: 'two slots on two threads',
    env: {
      AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances',
      AWS_LAMBDA_MAX_CONCURRENCY: '2',
      AWS_LAMBDA_NODEJS_WORKER_COUNT: '2',
    },
  },
  {
    name: 'shared',
    title: 'four slots on one thread',
    env: {
      AWS_LAMBDA_INITIALIZATION_TYPE: 'lambda-managed-instances',
      AWS_LAMBDA_MAX_CONCURRENCY: '4',
      AWS_LAMBDA_NODEJS_WORKER_COUNT: '1',
    },
  },
];

/** An `index.mjs` with a handler of this body. */
export function handlerOf(body: string, before = ''): string {
  return `${before}\nexport const handler = async (event, context) => {\n${body}\n};\n`;
}

/** The same, for a handler that streams. */
export function streamingHandlerOf(body: string, before = ''): string {
  return `${before}\nexport const handler = awslambda.streamifyResponse(async (event, stream, context) => {\n${body}\n});\n`;
}
