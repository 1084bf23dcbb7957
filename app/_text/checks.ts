/** The words of Checks around those of the checks themselves (lib/check-words.ts). */
export const checksText = {
  title: 'Checks',
  at: (home: string) => `Checks at ${home}`,
  look: (count: number) => `${count} to look at`,
  sound: 'Sound',
  unseen: 'Not all seen',
  asking: (home: string) => `${home} looks at itself.`,
  looked: (home: string, at: string) => `${home} checked itself at ${at}.`,
  fine: (fine: number, all: number) => `${fine} of ${all} are sound.`,
  allFine: (all: number) => `All ${all} are in order.`,
  notSeen: 'Not checked',
  door: (name: string) => `door ${name}`,
  more: (count: number) => `${count} more`,
  again: 'Check again',
  checking: 'Checking',
  copyAll: 'Copy all',
};
