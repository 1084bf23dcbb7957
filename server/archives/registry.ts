import { glacier } from './glacier.ts';
import { s3 } from './s3.ts';
import type { SourceType } from './source.ts';

/** Places that are asked by themselves. A file is no such place: it is brought. */
export const sourceTypes = [glacier, s3] as readonly SourceType[] as readonly SourceType<never>[];
