// A home agent on its own, as `latchkey agent` runs it, but for one thing: it can be told to die at a step.
import { runAgent } from '../../server/agent/main.ts';
import type { StepName } from '../../server/agent/openings.ts';

const [directory, dieAt] = process.argv.slice(2) as [string, StepName | undefined];
const log = (line: string) => void process.stdout.write(`${line}\n`);
const observe = (step: StepName): Promise<void> => {
  if (step === dieAt) process.kill(process.pid, 'SIGKILL');
  // SIGKILL needs a moment; nothing more may happen in it
  return step === dieAt ? new Promise(() => undefined) : Promise.resolve();
};
const running = await runAgent(directory, log, dieAt === undefined ? undefined : observe);
process.on('SIGTERM', () => void running.stop().then(() => process.exit(0)));
