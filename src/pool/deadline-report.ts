/** Describes a missed deadline: the error for the caller, and the fields of the log line. */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FULL_LIMITS, safely, truncate } from '../invocation/error-description.ts';
import type { Diagnostic } from '../invocation/error-description.ts';
import type { StackFrame } from './busiest-stack.ts';
import type { Activity } from './deadline-inquiry.ts';

/** The error of an invocation, or of its background work, that has missed its deadline. */
export function deadlineError(
  activity: Activity | undefined,
  inBackground: boolean,
  isShared: boolean,
): Diagnostic {
  const errorType = 'Runtime.DeadlineExceeded';
  const subject = inBackground ? 'The background work' : 'The handler';
  const detail = activity === undefined ? '' : `: ${describe(activity, isShared ? 'its thread' : 'it')}`;
  const errorMessage = `${subject} did not settle before the deadline${detail}. ${remedyFor(activity)}`;
  if (activity?.kind !== 'computing') return { errorType, errorMessage, stackTrace: [] };
  return {
    errorType,
    errorMessage,
    stackTrace: [`${errorType}: ${errorMessage}`, ...stackLines(activity.stack)],
  };
}

/** The fields of the log line about the error. */
export function deadlineFields(error: Diagnostic, activity: Activity | undefined): object {
  const { stackTrace, ...summary } = error;
  return {
    ...summary,
    ...(stackTrace.length > 0 && { stackTrace }),
    ...(activity?.kind === 'waiting' && { waitingFor: countsOf(activity.resources) }),
  };
}

/** The fields of a log line about what was found after the answer; undefined if it is what the answer said. */
export function lateFields(activity: Activity, answered: Activity | undefined): object | undefined {
  if (isSameStack(activity, answered)) return undefined;
  if (activity.kind === 'waiting') return { waitingFor: countsOf(activity.resources) };
  return activity.kind === 'computing'
    ? { profiledMs: activity.profiledMs, stackTrace: stackLines(activity.stack) }
    : { blocked: true };
}

/** A second, longer profile often finds what a short first one has found. */
function isSameStack(one: Activity, other: Activity | undefined): boolean {
  if (one.kind !== 'computing' || other?.kind !== 'computing') return false;
  return stackLines(one.stack).join('\n') === stackLines(other.stack).join('\n');
}

/** The lines of a stack as in `Error.stack`. */
function stackLines(stack: readonly StackFrame[]): string[] {
  return stack.slice(0, FULL_LIMITS.frames).map(({ functionName, url, line, column }) => {
    const position = column === undefined ? line : `${line}:${column}`;
    const place = url === '' ? 'native' : `${truncate(url, SHOWN_CHARACTERS)}:${position}`;
    return functionName === '' ? `    at ${place}` : `    at ${nameOf(functionName)} (${place})`;
  });
}

function nameOf(functionName: string): string {
  return truncate(functionName, SHOWN_CHARACTERS);
}

/** Code that was generated can have names and URLs of any length. */
const SHOWN_CHARACTERS = 512;

/** Where a blocked thread was, as `crunch (handler.ts:42) ← handler (handler.ts:10)`; undefined if that is not known. */
export function whereabouts(activity: Activity | undefined): string | undefined {
  if (activity?.kind !== 'computing') return undefined;
  const functions = activity.stack.map(functionAt);
  const distinct = functions.filter((text, index) => text !== functions[index - 1]);
  return [...distinct.slice(0, SHOWN_FUNCTIONS), ...(distinct.length > SHOWN_FUNCTIONS ? ['…'] : [])].join(
    ' ← ',
  );
}

const SHOWN_FUNCTIONS = 4;

function describe(activity: Activity, subject: string): string {
  switch (activity.kind) {
    case 'computing':
      return `${subject} spent its last ${activity.profiledMs} ms in ${whereabouts(activity)}`;
    case 'blocked':
      return `${subject} was blocked ${WITHOUT_PROFILE[activity.noProfile]}`;
    case 'returned late':
      return 'it blocked the main thread, so the runtime could not answer earlier';
    case 'waiting':
      return `${subject} was waiting for ${listOf(activity.resources)}`;
  }
}

const WITHOUT_PROFILE = {
  pending: 'and could not be profiled in time, for example because of a long call of native code',
  limit: 'and was not profiled, because several other threads were',
  unsupported: 'and was not profiled, because this Node.js cannot do so',
};

function remedyFor(activity: Activity | undefined): string {
  return activity === undefined || activity.kind === 'waiting'
    ? 'Listen to context.signal, or raise the function timeout.'
    : 'Check context.getRemainingTimeInMillis() in long computations, or raise the function timeout.';
}

function functionAt({ functionName, url, line }: StackFrame): string {
  const name = functionName === '' ? 'an anonymous function' : nameOf(functionName);
  return url === '' || url.startsWith('node:') ? name : `${name} (${fileName(url)}:${line})`;
}

/** The base name, or the path within the package. */
function fileName(url: string): string {
  // A comment in the code can set any URL.
  const path = safely(() => (url.startsWith('file:') ? fileURLToPath(url) : url)) ?? url;
  const [, inPackage] = /.*\/node_modules\/(.+)$/s.exec(path) ?? [];
  return truncate(inPackage ?? basename(path), SHOWN_CHARACTERS);
}

function listOf(types: readonly string[]): string {
  if (types.length === 0) return NOTHING;
  const parts = Object.entries(countsOf(types)).map(([type, count]) => {
    const name = RESOURCES[type] ?? type;
    return count === 1 ? `1 ${name}` : `${count} ${plural(name)}`;
  });
  return parts.length === 1 ? (parts[0] as string) : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** Node.js does not list crypto and zlib work, and the runtime leaves out the ports of its own and of services. */
const NOTHING =
  'nothing that Node.js lists as active: a promise that is never settled, or native work such as crypto or zlib';

function countsOf(types: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const type of types) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

function plural(name: string): string {
  return /[hs]$/.test(name) ? `${name}es` : `${name}s`;
}

/** Names for the most frequent types of `process.getActiveResourcesInfo()`. */
const RESOURCES: Readonly<Record<string, string>> = {
  TCPSocketWrap: 'TCP socket',
  TCPConnectWrap: 'connection attempt',
  ConnectWrap: 'connection attempt',
  TCPServerWrap: 'TCP server',
  UDPWrap: 'UDP socket',
  PipeWrap: 'pipe',
  ProcessWrap: 'child process',
  GetAddrInfoReqWrap: 'DNS lookup',
  QueryReqWrap: 'DNS query',
  FSReqCallback: 'file operation',
  FSReqPromise: 'file operation',
  Timeout: 'timer',
  Immediate: 'immediate',
};
