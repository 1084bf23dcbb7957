import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measure, type Figure, type Reported } from './figure.ts';

const usage = 'npm run bench -- [--json] [--only NAME]';
const folder = new URL('figures/', import.meta.url);

function readArguments() {
  try {
    return parseArgs({ options: { json: { type: 'boolean' }, only: { type: 'string' } } }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    process.exit(2);
  }
}

const { json = false, only } = readArguments();
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
const figures = await Promise.all(
  files.map(async (name) => ((await import(new URL(name, folder).href)) as { figure: Figure }).figure),
);
const wanted = figures.filter(({ name }) => only === undefined || name === only);
if (wanted.length === 0) {
  console.error(`No figure ${only ?? ''}. There are: ${figures.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const reports: Reported[] = [];
for (const figure of wanted) {
  try {
    const report = await measure(figure);
    reports.push(report);
    if (!json) print(report);
  } catch (error) {
    console.error(`${figure.name}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
if (json) console.log(JSON.stringify(reports, null, 2));

function print({ name, unit, value, spread, n, peers, floor }: Reported): void {
  console.log(`${name}  ${value} ${unit}  (${spread[0]} to ${spread[1]}, n ${n})`);
  for (const peer of peers) console.log(`  ${peer.name.padEnd(24)}${peer.value} ${unit}  ×${peer.ratio}`);
  if (floor !== undefined) console.log(`  ${'floor'.padEnd(24)}${floor} ${unit}`);
}
