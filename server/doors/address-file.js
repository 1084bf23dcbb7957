#!/usr/bin/env node
// A file of addresses, one a line, as /etc/hosts.allow can name one (hosts_access(5), "/file"): COMMANDS.md.
//
//   node address-file.js add FILE ADDRESS
//   node address-file.js remove FILE ADDRESS
//
// Plain JavaScript without a dependency: root runs it as it stands. Exit status 0: the file is as asked, on the disk.
import fs from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';

/** Another edit is under way at most this long (ms). */
const patience = 3000;
/** Older than the time that a command has, so nobody's: its editor was killed. ms */
const abandoned = 15_000;

/** As libwrap reads it: IPv6 in brackets. */
function lineOf(address) {
  const family = isIP(address);
  if (family === 0 || address.includes('%')) throw new Error('not an address');
  return family === 6 ? `[${address}]` : address;
}

/** FILE.new is the next version and the lock in one: whoever makes it edits, and renaming it is the end of both. */
function lock(next) {
  const flags = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW;
  for (const end = Date.now() + patience; ;) {
    try {
      return fs.openSync(next, flags, 0o600);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const { mtimeMs = Date.now() } = fs.lstatSync(next, { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs > abandoned) fs.rmSync(next, { force: true });
    else if (Date.now() > end) throw new Error(`${next} is there: somebody else edits the file`);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
}

/** The text of a regular file, and whose it is; undefined where there is none. */
function read(file) {
  let fd;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) throw new Error(`${file} is not a file`);
    return { text: fs.readFileSync(fd, 'latin1'), mode: stat.mode & 0o777, uid: stat.uid, gid: stat.gid };
  } finally {
    fs.closeSync(fd);
  }
}

/** As a unit root has not all of root's rights: then what the old file's group could read, its new group cannot. */
function keepsOwner(fd, { uid, gid }) {
  try {
    if (uid !== undefined) fs.fchownSync(fd, uid, gid);
    return true;
  } catch (error) {
    if (error.code !== 'EPERM') throw error;
    return false;
  }
}

/** Every other line stays as it is. */
function edit(act, file, address) {
  if (act !== 'add' && act !== 'remove') throw new Error('add or remove');
  const line = lineOf(address);
  const next = `${file}.new`;
  const fd = lock(next);
  try {
    const old = read(file) ?? { text: '', mode: 0o644, uid: process.getuid?.(), gid: process.getgid?.() };
    const lines = old.text.split('\n').filter((one) => one.trim() !== line);
    if (lines.at(-1) === '') lines.pop();
    if (act === 'add') lines.push(line);
    fs.writeFileSync(fd, lines.map((one) => `${one}\n`).join(''), 'latin1');
    fs.fchmodSync(fd, keepsOwner(fd, old) ? old.mode : old.mode & ~0o070);
    fs.fsyncSync(fd);
    fs.renameSync(next, file);
  } catch (error) {
    fs.rmSync(next, { force: true });
    throw error;
  } finally {
    fs.closeSync(fd);
  }
  const folder = fs.openSync(path.dirname(file), 'r');
  fs.fsyncSync(folder);
  fs.closeSync(folder);
}

const [, , act, file, address, ...more] = process.argv;
try {
  if (address === undefined || more.length > 0)
    throw new Error('usage: address-file.js add|remove FILE ADDRESS');
  edit(act, file, address);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
