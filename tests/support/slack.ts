import { cpus, loadavg } from 'node:os';

/** What a deadline is lengthened by where more wants to run than there are processors: 0 on a machine that is idle. */
export function slackMs(): number {
  const [load = 0] = loadavg();
  return load > cpus().length ? 4000 : 0;
}
