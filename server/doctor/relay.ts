import { readFileSync } from 'node:fs';
import { request as plain } from 'node:http';
import { request as tls } from 'node:https';
import { connectFailure } from '../device/tls.ts';
import type { RelayFact } from './facts.ts';

const patienceMs = 5000;

/** Asks the relay's version as anybody may, with the home agent's idea of its certificate. Never rejects. */
export function askRelay(relay: { readonly url: string; readonly ca?: string }): Promise<RelayFact> {
  const { url } = relay;
  return new Promise((resolve) => {
    const fail = (error: unknown): void => resolve({ url, problem: connectFailure(error) });
    try {
      const begun = Date.now();
      const asking = (url.startsWith('https:') ? tls : plain)(
        `${url}/relay/version`,
        {
          agent: false,
          timeout: patienceMs,
          ...(relay.ca === undefined ? {} : { ca: readFileSync(relay.ca) }),
        },
        (response) => {
          response.destroy();
          const told = Date.parse(response.headers.date ?? '');
          // the answer was written between asking and now
          const ahead = Math.round((told - (begun + Date.now()) / 2) / 1000);
          resolve({ url, ...(Number.isNaN(ahead) ? {} : { aheadSeconds: ahead }) });
        },
      );
      asking.on('timeout', () => asking.destroy(new Error('no answer')));
      asking.on('error', fail);
      asking.end();
    } catch (error) {
      fail(error); // a certificate file that is not there
    }
  });
}
