import { handlerOf } from '../behaviour.ts';
import type { Behaviour } from '../behaviour.ts';

/** Long enough for an answer, short for what AWS's client never answers. */
const SHORT_MS = 4_000;
const fatal = { body: '{"do":true}', timeoutMs: SHORT_MS };
/** A thread that has to be started first can take seconds on a busy machine. */
const next = { body: '{}', timeoutMs: 10_000 };

/** How an invocation ends, other than by its handler's result. The next event tells what the runtime is able to do then. */
export const exits: readonly Behaviour[] = [
  dying('calls process.exit(0)', 'process.exit(0);'),
  dying('calls process.exit(3)', 'process.exit(3);'),
  dying(
    'calls process.exit(1) behind log lines',
    'for (let n = 0; n < 20; n += 1) console.log(`line ${n}`); process.exit(1);',
  ),
  dying(
    'throws from a timer while it waits',
    'setTimeout(() => { throw new TypeError("from a timer"); }, 5); await new Promise(() => {});',
  ),
  dying(
    'leaves a rejection unhandled while it waits',
    'Promise.reject(new TypeError("not handled")); await new Promise(() => {});',
  ),
  dying(
    'leaves a rejection with a string unhandled',
    'Promise.reject("just text"); await new Promise(() => {});',
  ),
  dying(
    'leaves a rejection unhandled that it handles later',
    'const p = Promise.reject(new Error("handled late")); await new Promise((resolve) => setTimeout(resolve, 50)); await p.catch(() => {}); return "caught";',
  ),
  dying(
    'throws from an emitter without listeners',
    'setImmediate(() => new EventEmitter().emit("error", new Error("emitted"))); await new Promise(() => {});',
    'import { EventEmitter } from "node:events";',
  ),
  dying(
    'has a listener for uncaught exceptions',
    'setTimeout(() => { throw new Error("listened to"); }, 5); await new Promise((resolve) => setTimeout(resolve, 100)); return "went on";',
    'process.on("uncaughtException", (error) => console.log(`heard ${error.message}`));',
  ),
  dying(
    'has a listener for unhandled rejections',
    'Promise.reject(new Error("listened to")); await new Promise((resolve) => setTimeout(resolve, 100)); return "went on";',
    'process.on("unhandledRejection", (error) => console.log(`heard ${error.message}`));',
  ),
  dying(
    'has a listener for unhandled rejections that throws',
    'Promise.reject(new Error("thrown on")); await new Promise((resolve) => setTimeout(resolve, 100)); return "went on";',
    'process.on("unhandledRejection", (error) => { throw error; });',
  ),
  dying(
    'has a listener for exit',
    'process.exit(0);',
    'process.on("exit", (code) => console.log(`exits with ${code}`));',
  ),
  dying('sets process.exitCode', 'process.exitCode = 3; return "set";'),
  dying('never settles', 'await new Promise(() => {});', '', 1_000),
  dying('computes without end', 'for (;;);', '', 1_000),
  dying(
    'answers after its deadline',
    'await new Promise((resolve) => setTimeout(resolve, 1_300)); return "late";',
    '',
    1_000,
  ),
  {
    name: 'throws from a timer after the answer',
    files: handlerOf(
      'if (event.do) setTimeout(() => { throw new Error("late"); }, 20); else await new Promise((resolve) => setTimeout(resolve, 100)); return "answered";',
    ),
    events: [fatal, next, next],
  },
  {
    name: 'leaves a rejection unhandled after the answer',
    files: handlerOf(
      'if (event.do) setTimeout(() => Promise.reject(new Error("late")), 20); else await new Promise((resolve) => setTimeout(resolve, 100)); return "answered";',
    ),
    events: [fatal, next, next],
  },
  {
    name: 'leaves timers running',
    files: handlerOf('setInterval(() => {}, 1_000); return "answered";'),
    events: [{}, {}],
  },
  {
    name: 'kills its process',
    files: handlerOf('process.kill(process.pid, "SIGKILL"); await new Promise(() => {});'),
    events: [next],
  },
  {
    name: 'is ended by SIGTERM while idle',
    files: handlerOf('return "served";'),
    signal: { name: 'SIGTERM' },
  },
  {
    name: 'is ended by SIGTERM with a listener of its own',
    files: handlerOf(
      'return "served";',
      'process.on("SIGTERM", () => { console.log("heard SIGTERM"); process.exit(0); });',
    ),
    signal: { name: 'SIGTERM' },
  },
  {
    name: 'is ended by SIGTERM while it works',
    files: handlerOf(
      'console.log("works"); await new Promise((resolve) => setTimeout(resolve, 200)); return "finished";',
    ),
    signal: { name: 'SIGTERM', afterLogged: /works/ },
  },
  { name: 'is ended by SIGINT while idle', files: handlerOf('return "served";'), signal: { name: 'SIGINT' } },
];

function dying(name: string, body: string, before = '', timeoutMs = SHORT_MS): Behaviour {
  return {
    name,
    files: handlerOf(`if (!event.do) return "next"; ${body}`, before),
    events: [{ ...fatal, timeoutMs }, next],
  };
}
