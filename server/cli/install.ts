import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { bundleFile, checkout, unitsFolder } from '../up/code.ts';

/** The checkout that the units name. */
const usual = '/opt/latchkey';

export function register(program: Command): void {
  program
    .command('install')
    .description('says where the systemd units lie and how to use them; changes nothing')
    .action(() => void process.stdout.write(text()));
}

function text(): string {
  const here = path.resolve(checkout);
  const moved =
    here === usual
      ? ''
      : `\nThe units say ${usual}; this checkout lies in ${here}. Move it there, or change ExecStart. Units see no /home.\n`;
  const built = existsSync(bundleFile)
    ? ''
    : '\nNothing is built yet; first, here:\n  npm ci && npm run build\n';
  return `Nothing was changed. The units lie in ${unitsFolder}
${moved}${built}
On a public host, as root:
  useradd --system --user-group --no-create-home --shell /usr/sbin/nologin latchkey-relay
  cp ${path.join(unitsFolder, 'latchkey-relay.service')} /etc/systemd/system/
  systemctl daemon-reload
  systemctl enable --now latchkey-relay

A witness, on a third host, as root (its name goes into the unit first):
  useradd --system --user-group --no-create-home --shell /usr/sbin/nologin latchkey-witness
  cp ${path.join(unitsFolder, 'latchkey-witness.service')} /etc/systemd/system/
  systemctl daemon-reload
  systemctl enable --now latchkey-witness

At home, as root:
  useradd --system --user-group --no-create-home --shell /usr/sbin/nologin latchkey-agent
  cp ${path.join(unitsFolder, 'latchkey-agent.service')} ${path.join(unitsFolder, 'latchkey-helper.service')} /etc/systemd/system/
  systemctl daemon-reload
  systemctl enable --now latchkey-helper latchkey-agent

What goes into relay.toml and agent.toml: README, "Two machines, as services".
`;
}
