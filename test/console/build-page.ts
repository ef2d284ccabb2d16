import { buildPage } from '../../src/console/page/build.ts';

/** Runs before all tests: where the sources are run, the page is what was bundled last. */
export default async function setup(): Promise<void> {
  await buildPage();
}
