import type { Behaviour } from '../behaviour.ts';

const OK = 'export const handler = async () => "served";';
const CJS_OK = 'exports.handler = async () => "served";';

/** The loader is the same on each thread. */
const LAYOUTS = ['single', 'threads'] as const;

const HANDLERS: readonly Behaviour[] = [
  {
    name: 'cannot load: a syntax error',
    files: 'const a = 1;\nexport const handler = async () => { return 1 +; };\n',
  },
  {
    name: 'cannot load: a syntax error in an imported file',
    files: {
      'index.mjs': 'import "./lib/dep.mjs";\nexport const handler = async () => 1;\n',
      'lib/dep.mjs': 'export const a = 1;\nexport const b = = 2;\n',
    },
  },
  {
    name: 'cannot load: a syntax error in CommonJS',
    files: { 'index.js': 'exports.handler = async () => { return 1 +; };\n' },
  },
  {
    name: 'cannot load: a syntax error in TypeScript',
    files: { 'index.ts': 'export const handler = async (): Promise<number> => { return 1 +; };\n' },
  },
  { name: 'cannot load: no such file', files: OK, handler: 'missing.handler' },
  {
    name: 'cannot load: a module that is not installed',
    files: 'import "not-installed";\nexport const handler = async () => 1;\n',
  },
  {
    name: 'cannot load: a file that is not there',
    files: 'import "./not-there.mjs";\nexport const handler = async () => 1;\n',
  },
  {
    name: 'cannot load: a module that is not installed, in CommonJS',
    files: { 'index.js': 'require("not-installed");\nexports.handler = async () => 1;\n' },
  },
  {
    name: 'cannot load: a name that is not exported',
    files: {
      'index.mjs': 'import { b } from "./dep.mjs";\nexport const handler = async () => b;\n',
      'dep.mjs': 'export const a = 1;\n',
    },
  },
  { name: 'cannot load: no such export', files: OK, handler: 'index.other' },
  { name: 'cannot load: the export is not a function', files: 'export const handler = { a: 1 };' },
  {
    name: 'cannot load: throws an Error',
    files: 'throw new RangeError("at load");\nexport const handler = async () => 1;\n',
  },
  {
    name: 'cannot load: throws an Error, in CommonJS',
    files: { 'index.js': 'throw new RangeError("at load");\n' },
  },
  { name: 'cannot load: throws a string', files: 'throw "just text";' },
  {
    name: 'cannot load: throws an error with a cause and non-ASCII text',
    files: 'throw new Error("größer", { cause: new TypeError("inner") });',
  },
  {
    name: 'cannot load: a top-level await rejects',
    files: 'await Promise.reject(new Error("awaited"));\nexport const handler = async () => 1;\n',
  },
  { name: 'cannot load: exits', files: 'process.exit(3);' },
  { name: 'cannot load: exits with 0', files: 'process.exit(0);' },
  {
    name: 'cannot load: leaves a rejection unhandled',
    files:
      'Promise.reject(new Error("not handled"));\nawait new Promise((resolve) => setTimeout(resolve, 100));\nexport const handler = async () => "served";\n',
  },
  {
    name: 'cannot load: format Text',
    files: 'throw new RangeError("at load");',
    env: { AWS_LAMBDA_LOG_FORMAT: 'Text' },
  },
  { name: 'cannot load: a handler string without a dot', files: OK, handler: 'index' },
  { name: 'cannot load: a handler string with ..', files: OK, handler: '../index.handler' },
  { name: 'cannot load: an empty handler string', files: OK, handler: '' },
  { name: 'cannot load: no handler string', files: OK, handler: null },
  { name: 'cannot load: no task root', files: OK, env: { LAMBDA_TASK_ROOT: undefined } },
  {
    name: 'cannot load: an unknown streaming mode',
    files:
      'export const handler = async () => 1;\nhandler[Symbol.for("aws.lambda.runtime.handler.streaming")] = "request";\n',
  },
  { name: 'is found in a directory', files: { 'src/app.mjs': OK }, handler: 'src/app.handler' },
  { name: 'cannot load: an absolute path', files: { 'src/app.mjs': OK }, handler: '/src/app.handler' },
  {
    name: 'is found below nested names',
    files: 'export const a = { b: { c: async () => "nested" } };',
    handler: 'index.a.b.c',
  },
  {
    name: 'is found below a function',
    files: 'export function a() {}\na.handler = async () => "below a function";\n',
    handler: 'index.a.handler',
  },
  { name: 'is found in the default export', files: 'export default { handler: async () => "by default" };' },
  {
    name: 'is the default export',
    files: 'export default async () => "default itself";',
    handler: 'index.default',
  },
  { name: 'is the default export, and named handler', files: 'export default async () => "default itself";' },
  { name: 'is found in CommonJS', files: { 'index.js': CJS_OK } },
  {
    name: 'is found in module.exports',
    files: { 'index.js': 'module.exports = { handler: async () => "served" };' },
  },
  { name: 'is found with the ending .cjs', files: { 'index.cjs': CJS_OK } },
  {
    name: 'is found in a package of type module',
    files: { 'index.js': OK, 'package.json': '{"type":"module"}' },
  },
  {
    name: 'is found in TypeScript',
    files: { 'index.ts': 'export const handler = async (): Promise<string> => "typed";' },
  },
  { name: 'is found in the index of a directory', files: { 'app/index.js': CJS_OK }, handler: 'app.handler' },
  {
    name: 'is found in a package',
    files: {
      'node_modules/app/index.js': CJS_OK,
      'node_modules/app/package.json': '{"name":"app","main":"index.js"}',
    },
    handler: 'app.handler',
  },
  { name: 'is found beside a file without an ending', files: { index: CJS_OK, 'index.mjs': OK } },
  {
    name: 'loads with a top-level await',
    files:
      'const value = await new Promise((resolve) => setTimeout(resolve, 20, "awaited"));\nexport const handler = async () => value;\n',
  },
  {
    name: 'is a class’s method',
    files:
      'class App { name = "app"; handler = async () => this.name; static handler2 = async () => 1; }\nexport const app = new App();\n',
    handler: 'index.app.handler',
  },
  {
    name: 'is a method that uses this',
    files: 'export const app = { name: "app", async handler() { return { name: this?.name ?? null }; } };',
    handler: 'index.app.handler',
  },
  {
    name: 'is a getter',
    files: 'export const app = { get handler() { return async () => "got"; } };',
    handler: 'index.app.handler',
  },
];

/** How a handler is found, and what is told when it cannot be loaded. */
export const inits: readonly Behaviour[] = HANDLERS.map((each) => Object.assign(each, { layouts: LAYOUTS }));
