import { readFileSync } from 'node:fs';

interface Policy {
  readonly Statement: readonly { readonly Effect: string; readonly Action: readonly string[] }[];
}

/** The actions of a policy that the documentation gives people to copy: for asking, or for restoring or uploading beside it. */
export function policyActions(use: 'asking' | 'restoring' | 'uploading' = 'asking'): string[] {
  const text = readFileSync(new URL('../../server/archives/POLICY.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/```json\n(.*?)```/gs)].map(
    ([, json]) => JSON.parse(json ?? '') as Policy,
  );
  return (blocks[['asking', 'restoring', 'uploading'].indexOf(use)]?.Statement ?? []).flatMap(
    ({ Action }) => Action,
  );
}
