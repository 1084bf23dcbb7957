import { readStageConfig } from '../../server/archives/stage-config.ts';
import { stage } from '../../server/archives/stage.ts';

// Stages as configured, for tests that kill it: file of the configuration, folder of journals, GNUPGHOME.
const [file = '', journals = '', GNUPGHOME = ''] = process.argv.slice(2);
const { run } = await stage({ config: readStageConfig(file), journals, env: { GNUPGHOME } });
process.stdout.write(run);
