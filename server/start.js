// Plain JavaScript without any dependency: it runs before the first install.
// oldest Node that the packages run on (package.json, engines)
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  process.stderr.write(`Latchkey needs Node 20.9 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}

const { existsSync } = await import('node:fs');
const { default: path } = await import('node:path');
const { install, root, run } = await import('./build/install.js');

const say = (line) => process.stdout.write(`${line}\n`);

if (!(await install(say))) process.exit(1);
if ((await run(process.execPath, [path.join(root, 'server/build/build.js')])) !== 0) process.exit(1);
if (!existsSync(path.join(root, 'server/cli.ts'))) {
  say('latchkey up: not built yet');
  process.exit(0);
}
process.exit(
  await run(path.join(root, 'node_modules/.bin/tsx'), ['server/cli.ts', 'up', ...process.argv.slice(2)]),
);
