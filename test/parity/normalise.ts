import { createHash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import type { Observation } from './observe.ts';

/**
 * Takes out what differs from run to run or from machine to machine, and nothing else: each rule has a name here.
 * Request ids need none, since the harness gives them.
 */
export function normalise(observation: Observation, taskRoot: string, runtimeApi: string): Observation {
  const rules: readonly Rule[] = [
    taskRootIsVarTask(taskRoot),
    runtimeApiIsAnAddress(runtimeApi),
    handlerHasNoReceiver,
    anonymousHandlerHasNoName,
    onlyFramesOfTheFunctionInText,
  ];
  const text = (value: string): string => rules.reduce((result, rule) => rule(result), value);
  return walk(observation, (value) => {
    if (typeof value === 'string') return longTextIsItsHash(text(value));
    if (isStack(value)) return onlyFramesOfTheFunction(value.map((line) => longTextIsItsHash(text(line))));
    if (isXrayCause(value)) return onlyFirstFrame(value, text);
    return value;
  }) as Observation;
}

/** A body as the value that its JSON stands for, as text, or, where it is not UTF-8, as base64. */
export function readBody(body: Buffer): unknown {
  if (!isUtf8(body)) return { base64: body.toString('base64') };
  const text = body.toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

type Rule = (text: string) => string;

function taskRootIsVarTask(taskRoot: string): Rule {
  return (text) => text.replaceAll(taskRoot, '/var/task');
}

function runtimeApiIsAnAddress(address: string): Rule {
  return (text) => text.replaceAll(address, '<runtime API>');
}

/** AWS's client calls the handler as a method of its own object, and stacks say so. */
function handlerHasNoReceiver(text: string): string {
  return text.replaceAll(/\bBufferedInvokeProcessor\.(?=handler\b)/g, '');
}

/** After that object V8 names the handlers of the streaming behaviours, which have no name of their own. */
function anonymousHandlerHasNoName(text: string): string {
  return text.replaceAll(/\bStreamingInvokeProcessor\.handler \(([^()]*)\)/g, '$1');
}

/** As in a list of frames; the line breaks of the format Text are carriage returns, or the frames are the JSON of a list. */
function onlyFramesOfTheFunctionInText(text: string): string {
  return text
    .replaceAll(/[\r\n]+ +at (?![^\r\n]*\/var\/task\/)[^\r\n]*/g, '')
    .replaceAll(/,"    at (?![^"]*\/var\/task\/)[^"]*"/g, '');
}

function longTextIsItsHash(text: string): string {
  if (text.length <= 4_096) return text;
  return `${text.slice(0, 40)}… (${text.length} characters, SHA-1 ${createHash('sha1').update(text).digest('hex').slice(0, 8)})`;
}

/** Frames of Node and of the runtimes themselves. */
function onlyFramesOfTheFunction(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !/^\s+at /.test(line) || line.includes('/var/task/'));
}

function isStack(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.every((line) => typeof line === 'string') &&
    value.some((line) => /^\s+at /.test(line as string))
  );
}

interface XrayCause {
  readonly exceptions: readonly { readonly stack?: readonly unknown[] }[];
  readonly paths: readonly string[];
}

/** Behind the handler's frame stand those of Node and of the runtimes. */
function onlyFirstFrame(cause: XrayCause, text: Rule): unknown {
  const exceptions = cause.exceptions.map((each) => ({ ...each, stack: each.stack?.slice(0, 1) }));
  const shortened = { ...cause, exceptions, paths: cause.paths.slice(0, 1) };
  return JSON.parse(JSON.stringify(shortened), (_key, value: unknown) =>
    typeof value === 'string' ? text(value) : value,
  );
}

function isXrayCause(value: unknown): value is XrayCause {
  return typeof value === 'object' && value !== null && 'exceptions' in value && 'paths' in value;
}

/** A copy, in which each value, from the outside inwards, is what `change` makes of it. */
function walk(value: unknown, change: (value: unknown) => unknown): unknown {
  const changed = change(value);
  if (changed !== value || typeof value !== 'object' || value === null) return changed;
  if (Array.isArray(value)) return value.map((item) => walk(item, change));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, change)]));
}
