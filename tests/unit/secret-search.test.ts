import { expect, test } from 'vitest';
import { finds } from '../support/secret-search.ts';

test('a secret is found however it is written, and where it is not, it is not', () => {
  const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfi';
  const around = ['', 'a', 'ab', 'abc'].map((before) => Buffer.from(`${before}${secret}xyz`));
  for (const text of around)
    for (const form of ['utf8', 'base64', 'base64url', 'hex'] as const)
      expect(finds(Buffer.from(`{"key":"${text.toString(form)}"}`), secret)).toBe(true);
  expect(finds(Buffer.from(`?k=${encodeURIComponent(secret)}`), secret)).toBe(true);
  const other = Buffer.from(secret.replace('K7', 'K8'));
  for (const form of ['utf8', 'base64', 'hex'] as const)
    expect(finds(Buffer.from(other.toString(form)), secret)).toBe(false);
});
