import { bundle } from '../../server/build/bundle.js';

/** Before all tests of a project: commands start from the bundle, which takes a fifth of what tsx takes. */
export default async function setup(): Promise<void> {
  await bundle(() => undefined);
}
