import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { actionsOf } from '../double/permissions.ts';
import { policyActions } from '../support/archive-policy.ts';

const room = new URL('../../server/archives/', import.meta.url);

/** What the code sends to AWS, by the action that allows it. */
function sentBy(which: (file: string) => boolean): string[] {
  const sent = readdirSync(room, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && which(name))
    .flatMap((name) => {
      const text = readFileSync(new URL(name, room), 'utf8');
      const service = text.includes("'@aws-sdk/client-s3'") ? 's3' : 'glacier';
      return [...text.matchAll(/\.(\w+)Command\(/g)].map(([, operation]) => {
        const [action] = actionsOf(service, operation ?? '');
        return action ?? `${operation} of ${name}`;
      });
    });
  return [...new Set(sent)].sort();
}

const uploads = (file: string): boolean => file.startsWith('upload-');
/** Of vaults, restoring needs nothing that asking does not. */
const restores = (file: string): boolean => file === 'restore/bucket-retrieval.ts';

test('the policy for asking allows what the code sends, and nothing else', () => {
  expect(sentBy((file) => !uploads(file) && !restores(file))).toEqual([...new Set(policyActions())].sort());
});

test('the one for restoring from S3 adds what that sends, and nothing else', () => {
  expect(sentBy(restores)).toEqual([...new Set(policyActions('restoring'))].sort());
});

test('the one for uploading adds what uploads send, and nothing else', () => {
  expect(sentBy(uploads)).toEqual([...new Set(policyActions('uploading'))].sort());
});

test('none names a wildcard nor anything that deletes, and asking writes nothing', () => {
  for (const action of policyActions())
    expect(action).toMatch(/^(?:glacier:(?:List|Get|InitiateJob)|s3:List)\w*$/);
  for (const action of [...policyActions('restoring'), ...policyActions('uploading')])
    expect(action).not.toMatch(/\*|Delete|Abort|Set|PutBucket/);
});
