import { stringify } from '../builtins.ts';
import { truncate } from './error-description.ts';
import type { Diagnostic } from './error-description.ts';

/**
 * The X-Ray error cause as JSON, in the format of AWS's Node.js client. ASCII only, because it is sent as a header. Lambda
 * accepts 1 MB, but HTTP servers written in Node.js accept only 16 KiB of headers. The size is limited so that this header
 * does not prevent the delivery of the answer.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror
 */
export function xrayCause(error: Diagnostic): string {
  const frames = error.stackTrace.map(frameOf).filter((frame) => frame !== undefined);
  for (let count = MAX_FRAMES; ; count = Math.floor(count / 2)) {
    const json = encode(error, frames.slice(0, count), count === MAX_FRAMES ? 2048 : 256);
    if (json.length <= MAX_BYTES || count === 0) return json;
  }
}

interface Frame {
  readonly path: string;
  readonly line: number;
  readonly label: string;
}

function encode(
  { errorType, errorMessage }: Diagnostic,
  stack: readonly Frame[],
  characters: number,
): string {
  const cause = {
    working_directory: workingDirectory(),
    exceptions: [{ type: truncate(errorType, 256), message: truncate(errorMessage, characters), stack }],
    paths: [...new Set(stack.map(({ path }) => path))],
  };
  return stringify(cause).replaceAll(/[^\x20-\x7e]/g, escape);
}

/** Parses a line such as `at label (file:///var/task/index.mjs:3:9)`; label, parentheses and scheme are optional. */
function frameOf(stackLine: string): Frame | undefined {
  const text = stackLine.trim();
  if (!text.startsWith('at ')) return undefined;
  const open = text.endsWith(')') ? text.lastIndexOf(' (') : -1;
  const label = open === -1 ? 'anonymous' : text.slice(3, open);
  const place = open === -1 ? text.slice(3) : text.slice(open + 2, -1);
  const [, path = place, line = '0'] = /^(.*?):(\d+)(?::\d+)?$/.exec(place) ?? [];
  return { path: path.replace(/^(?:async )?(?:file:\/\/)?/, ''), line: Number(line), label };
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** `process.cwd()` throws if the directory has been removed. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '';
  }
}

const MAX_FRAMES = 32;
const MAX_BYTES = 8 * 1024;
