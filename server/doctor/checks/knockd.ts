import { isCanonical } from '../../../lib/address.ts';
import { lintKnockd } from '../../../lib/knockd/lint.ts';
import { finding, ok, unknowable, type Check } from '../check.ts';
import type { SystemFacts } from '../facts.ts';

const longestText = 300;

/** What the linter says of the files that knockd doors are read from; its notes are left to `knockd lint`. */
export const knockd: Check<SystemFacts> = ({ knockdFiles, network, interfaces }) => {
  const missing = unknowable('knockd', knockdFiles);
  if (missing !== undefined || !knockdFiles.known) return missing === undefined ? [] : [missing];
  const ipv6 = network.addresses.some((address) => isCanonical(address) === 6);
  return knockdFiles.value.flatMap(({ path, text }) => {
    const { findings } = lintKnockd(text, { ipv6, interfaces });
    const told = findings.filter(({ severity }) => severity !== 'note');
    if (told.length === 0) return [ok('knockd', { file: path })];
    return told.map((one) =>
      finding('knockd', {
        file: path,
        lint: one.code,
        ...(one.door === undefined ? {} : { section: one.door.slice(0, 64) }),
        ...(one.line === undefined ? {} : { line: one.line }),
        text: one.text.slice(0, longestText),
        remedy: one.remedy.slice(0, longestText),
      }),
    );
  });
};
