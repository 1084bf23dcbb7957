// Runs inside a namespace, plain JS so that it starts in 60 ms. One JSON request a line in, one answer a line out.
// CLOCK_MONOTONIC is one clock for all processes of the machine, so `atNs` compares with other processes' hrtime.
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const held = new Map();
const servers = new Map();

function answer(id, fields) {
  process.stdout.write(JSON.stringify({ id, ...fields, atNs: String(process.hrtime.bigint()) }) + '\n');
}

function tryOnce({ host, port, timeoutMs, localAddress }, done) {
  const socket = connect({ host, port, localAddress });
  let over = false;
  const end = (outcome) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    done(outcome, socket);
  };
  const timer = setTimeout(() => end('timeout'), timeoutMs);
  socket.once('connect', () => end('connected'));
  socket.on('error', (error) => end(error.code ?? 'error'));
}

const verbs = {
  connect(request) {
    const firedNs = String(process.hrtime.bigint());
    tryOnce(request, (outcome, socket) => {
      answer(request.id, { outcome, firedNs });
      socket.destroy();
    });
  },
  // A new connection every `everyMs`, none waited for: the first that succeeds counts.
  until(request) {
    const sockets = new Set();
    const finish = (outcome, tries) => {
      clearInterval(timer);
      clearTimeout(limit);
      answer(request.id, { outcome, tries, firedNs: request.firedNs });
      for (const socket of sockets) socket.destroy();
    };
    let tries = 0;
    let won = false;
    const fire = () => {
      tries++;
      const mine = tries;
      const socket = connect({ host: request.host, port: request.port });
      sockets.add(socket);
      socket.once('connect', () => {
        if (won) return;
        won = true;
        finish('connected', mine);
      });
      socket.on('error', () => sockets.delete(socket));
      // A SYN that was dropped is sent again only after 1 s (RFC 6298): give the port back instead.
      setTimeout(() => {
        if (!won) socket.destroy();
        sockets.delete(socket);
      }, 500);
    };
    const timer = setInterval(fire, request.everyMs);
    const limit = setTimeout(() => {
      if (won) return;
      won = true;
      finish('timeout', tries);
    }, request.timeoutMs);
    fire();
  },
  // A client program fired, then `until`: answers when it was fired, too.
  fire(request) {
    const firedNs = String(process.hrtime.bigint());
    const child = spawn(request.command, request.args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...request.env },
    });
    child.on('error', () => undefined); // the port stays closed: 'timeout' says it
    verbs.until({ ...request, firedNs });
  },
  // Commands one after another, to their ends.
  time(request) {
    const firedNs = String(process.hrtime.bigint());
    const next = ([command, ...others]) => {
      if (command === undefined) return answer(request.id, { outcome: 'done', firedNs });
      const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'ignore', 'inherit'] });
      child.on('error', (error) => answer(request.id, { outcome: error.code ?? 'error', firedNs }));
      child.on('close', (code) => {
        if (code === 0) next(others);
        else if (code !== null) answer(request.id, { outcome: `exit ${code}`, firedNs });
      });
    };
    next(request.commands);
  },
  hold(request) {
    tryOnce(request, (outcome, socket) => {
      if (outcome === 'connected') held.set(request.id, socket);
      else socket.destroy();
      answer(request.id, { outcome });
    });
  },
  // Sends over a held connection and waits for the echo: is it still alive?
  echo(request) {
    const socket = held.get(request.of);
    if (socket === undefined) return answer(request.id, { outcome: 'unknown' });
    const end = (outcome) => {
      clearTimeout(timer);
      socket.off('data', onData);
      answer(request.id, { outcome });
    };
    const onData = () => end('connected');
    const timer = setTimeout(() => end('timeout'), request.timeoutMs);
    socket.on('data', onData);
    socket.write('x');
  },
  release(request) {
    held.get(request.of)?.destroy();
    held.delete(request.of);
    answer(request.id, { outcome: 'released' });
  },
  // An echo server on both families; answers who connected by `peers`.
  listen(request) {
    const peers = [];
    const server = createServer((socket) => {
      peers.push(socket.remoteAddress);
      socket.on('error', () => undefined);
      socket.pipe(socket);
    });
    server.once('error', (error) => answer(request.id, { outcome: error.code ?? 'error' }));
    server.listen(request.port, '::', () => {
      servers.set(request.port, peers);
      answer(request.id, { outcome: 'listening' });
    });
  },
  peers(request) {
    answer(request.id, { outcome: 'peers', peers: servers.get(request.port) ?? [] });
  },
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line);
  verbs[request.verb](request);
});
process.stdin.on('end', () => process.exit(0));
