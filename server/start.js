// `npm start`: installs and builds what is missing, then becomes `latchkey up`.
// Plain JavaScript without any dependency: it runs before the first install.
// oldest Node that the packages run on (package.json, engines)
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  process.stderr.write(`Latchkey needs Node 20.9 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}

const { default: path } = await import('node:path');
const { pathToFileURL } = await import('node:url');
const { install, root, run } = await import('./build/install.js');
const { bundle, bundleFolder } = await import('./build/bundle.js');

const say = (line) => process.stderr.write(`${line}\n`);

if (!(await install(say))) process.exit(1);
if ((await run(process.execPath, [path.join(root, 'server/build/build.js')])) !== 0) process.exit(1);
await bundle(say);
// The same process goes on as the command line: signals and exit status need no passing on.
process.argv.splice(1, 1, path.join(bundleFolder, 'cli.js'), 'up');
await import(pathToFileURL(path.join(bundleFolder, 'cli.js')).href);
