import path from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest, longest first: one that begins last leaves a core without work until it ends. */
const longest = [
  'gallery',
  'phone',
  'lighthouse',
  'app',
  'passwords',
  'path',
  'ban-sources',
  'conformance',
  'up',
  'doctor',
  'path-knockd',
  'knockd-beside',
  'fail2ban',
  'restore-cost',
  'agent-restart',
  'restore-faults',
  'agent-archive-acts',
  'archives-upload',
  'archives-sending',
  'archive-synology',
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = longest.indexOf(path.basename(moduleId, '.test.ts'));
      return at < 0 ? longest.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
