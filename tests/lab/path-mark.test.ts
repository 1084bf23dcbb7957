import { testPath } from './path-lab.ts';

testPath('mark');
