import { readFile } from 'node:fs/promises';
import { apiError } from '../local/front-answers.ts';
import { bytesAnswer } from '../local/http-answers.ts';
import type { Answer } from '../local/http-answers.ts';
import { CONSOLE_PAGE } from '../package-files.ts';

/** The files of the page, by what follows the console's path. */
export const PAGE_FILES: ReadonlyMap<string, PageFile> = new Map([
  ['', { name: 'index.html', type: 'text/html; charset=utf-8' }],
  ['/page.js', { name: 'page.js', type: 'text/javascript; charset=utf-8' }],
  ['/page.css', { name: 'page.css', type: 'text/css; charset=utf-8' }],
]);

export interface PageFile {
  readonly name: string;
  readonly type: string;
}

/** The answer with one of them. */
export async function pageFileAnswer({ name, type }: PageFile): Promise<Answer> {
  try {
    return bytesAnswer(200, await readFile(new URL(name, CONSOLE_PAGE)), ['Content-Type', type, ...HEADERS]);
  } catch {
    return apiError(503, 'ServiceException', 'The console’s page is not built. Run: npm run build:page');
  }
}

/** Nothing of another host, and no frame around it. */
const HEADERS = [
  'Content-Security-Policy',
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options',
  'nosniff',
  'Referrer-Policy',
  'no-referrer',
  'Cache-Control',
  'no-cache',
];
