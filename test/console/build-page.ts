import { buildPage } from '../../src/console/page/build.ts';

/** Runs before all tests, because the sources serve the page that was bundled last. */
export default async function setup(): Promise<void> {
  await buildPage();
}
