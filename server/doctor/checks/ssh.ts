import type { CheckResult } from '../../../lib/checks.ts';
import { familiesOf, fate, finding, guarded, ok, unknowable, type Check } from '../check.ts';
import type { Sshd, SshdSettings, SystemFacts } from '../facts.ts';

/** root, and passwords: what a guessed word would be worth (sshd_config(5)). */
export const sshLogin: Check<SystemFacts> = ({ sshd }) => {
  if (!sshd.known) {
    return (['ssh-root', 'ssh-password'] as const).flatMap((code) => unknowable(code, sshd) ?? []);
  }
  if (sshd.value.length === 0) return [];
  return [judgeRoot(sshd.value), judgePasswords(sshd.value)];
};

function judgeRoot(all: readonly Sshd[]): CheckResult {
  const how = all.map(({ root }) => {
    const permitted = root.get('permitrootlogin')?.[0] ?? 'yes';
    if (permitted === 'no') return 'no';
    return permitted === 'yes' && passwordsIn(root) !== undefined ? 'password' : 'keys';
  });
  if (how.includes('password')) return finding('ssh-root');
  return ok('ssh-root', { how: how.includes('keys') ? 'keys' : 'no' });
}

function judgePasswords(all: readonly Sshd[]): CheckResult {
  const how = all.map(({ somebody }) => passwordsIn(somebody)).find((one) => one !== undefined);
  return how === undefined ? ok('ssh-password') : finding('ssh-password', { how });
}

/** How a password alone is enough; undefined where it is not. */
function passwordsIn(settings: SshdSettings): 'password' | 'keyboard' | undefined {
  const says = (key: string): string => settings.get(key)?.[0] ?? '';
  // each list that must begin with a key makes a password a second step
  const lists = says('authenticationmethods').split(' ');
  if (lists.every((list) => /^publickey\b/.test(list))) return undefined;
  if (says('passwordauthentication') === 'yes') return 'password';
  // without PAM nothing stands behind it on Linux
  const asks =
    says('kbdinteractiveauthentication') === 'yes' || says('challengeresponseauthentication') === 'yes';
  return asks && says('usepam') === 'yes' ? 'keyboard' : undefined;
}

/** Ports of sshd that strangers reach and no door guards. */
export const sshListen: Check<SystemFacts> = (facts) => {
  const { sshd, listeners, firewall, doors, network } = facts;
  const missing = unknowable('ssh-listen', sshd, listeners, firewall, doors);
  if (missing !== undefined) return [missing];
  if (!sshd.known || !listeners.known || !firewall.known || !doors.known || sshd.value.length === 0)
    return [];
  const guardedPorts = guarded(doors.value).map(({ guard }) => guard.port);
  const ports = new Set(sshd.value.flatMap((one) => one.ports));
  const open = listeners.value.filter(
    ({ port, protocol, address, families }) =>
      protocol === 'tcp' &&
      ports.has(port) &&
      !guardedPorts.includes(port) &&
      !/^(?:127\.|::1$)/.test(address) &&
      families.some(
        (family) =>
          familiesOf(network).includes(family) &&
          fate({ chains: firewall.value.chains, network }, family, { port }).verdict !== 'drop',
      ),
  );
  const found = [...new Set(open.map(({ port }) => port))].map((port) => finding('ssh-listen', { port }));
  return found.length > 0 ? found : [ok('ssh-listen')];
};
