/**
 * Built-in functions as they are when the runtime is loaded. User code may replace the globals later: fake timers stop
 * `setTimeout`, a mock sets the clock, a polyfill replaces `Promise`. Code for answers, deadlines and log lines must import
 * them from this module.
 */
import { write as fsWrite, writeSync as fsWriteSync } from 'node:fs';
import { setImmediate as turn, setTimeout as timeout } from 'node:timers/promises';

export const setTimeout = globalThis.setTimeout;
export const clearTimeout = globalThis.clearTimeout;
export const setInterval = globalThis.setInterval;
export const clearInterval = globalThis.clearInterval;
export const setImmediate = globalThis.setImmediate;
export const clearImmediate = globalThis.clearImmediate;
export const nextTick = process.nextTick.bind(process);

/** `setTimeout` of `node:timers/promises`. */
export const sleep = timeout;
/** `setImmediate` of `node:timers/promises`. */
export const nextTurn = turn;

/** `process.exit`, which the runtime replaces for handlers. */
export const exit: typeof process.exit = process.exit.bind(process);

/** `process.getActiveResourcesInfo`: the types of the sockets, timers and other resources that keep the event loop alive. */
export const getActiveResourcesInfo = process.getActiveResourcesInfo.bind(process);

export const Date = globalThis.Date;
/** `Date.now`: the time in epoch ms. */
export const dateNow = Date.now;

/** The native `Promise`, even if a preloaded module has replaced the global one. */
export const Promise = (async () => undefined)().constructor as PromiseConstructor;

/** `ArrayBuffer.prototype.transfer`, to be called with `Reflect.apply`. */
export const { transfer } = ArrayBuffer.prototype;

/** `JSON.stringify`. */
export const stringify = JSON.stringify;

// Constants, because a re-exported import would reflect later replacements.
export const write = fsWrite;
export const writeSync = fsWriteSync;
