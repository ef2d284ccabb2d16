import { stringify } from '../builtins.ts';
import { cut } from './error-description.ts';
import type { Diagnostic } from './error-description.ts';

/**
 * The JSON that X-Ray shows of an error, in the form that AWS's Node.js client sends. ASCII only, since a header carries
 * it. Lambda accepts 1 MB; servers written in Node.js take headers of 16 KiB in all, and the answer must not be lost to
 * one that is only for X-Ray.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-invokeerror
 */
export function xrayCause(error: Diagnostic): string {
  const frames = error.stackTrace.map(frameOf).filter((frame) => frame !== undefined);
  for (let most = MAX_FRAMES; ; most = Math.floor(most / 2)) {
    const json = encode(error, frames.slice(0, most), most === MAX_FRAMES ? 2048 : 256);
    if (json.length <= MAX_BYTES || most === 0) return json;
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
    exceptions: [{ type: cut(errorType, 256), message: cut(errorMessage, characters), stack }],
    paths: [...new Set(stack.map(({ path }) => path))],
  };
  return stringify(cause).replaceAll(/[^\x20-\x7e]/g, escape);
}

/** A line such as `at label (file:///var/task/index.mjs:3:9)`, with or without label, parentheses and scheme. */
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

/** Throws where the directory has been removed. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '';
  }
}

const MAX_FRAMES = 32;
const MAX_BYTES = 8 * 1024;
