/** The service worker: registered once, and what it says about a newer version. UI-free. */

export interface Update {
  readonly state: 'none' | 'ready' | 'applying';
  /** Of the version that waits, once it has said so. */
  readonly version?: string;
}

const none: Update = { state: 'none' };

/** The browser asks for a new worker by itself at most once a day; a page that stays open asks each hour. */
const askEvery = 3_600_000;

interface ScriptUrlPolicy {
  createScriptURL(url: string): string;
}
interface TrustedTypes {
  createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy;
}

/** The one script URL that this app ever makes (CSP: trusted-types sw-url). */
function workerUrl(): string {
  const rules: ScriptUrlPolicy = {
    createScriptURL: (url) => {
      if (url !== '/sw.js') throw new TypeError('not the service worker');
      return url;
    },
  };
  const { trustedTypes } = window as Window & { trustedTypes?: TrustedTypes };
  return (trustedTypes?.createPolicy('sw-url', rules) ?? rules).createScriptURL('/sw.js');
}

function versionOf(worker: ServiceWorker): Promise<string> {
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = (event) => resolve(String(event.data));
    worker.postMessage('version', [channel.port2]);
  });
}

class Updates {
  private update: Update = none;
  private readonly listeners = new Set<() => void>();
  private waiting: ServiceWorker | undefined;
  private started = false;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly get = (): Update => this.update;
  readonly getServer = (): Update => none;

  readonly start = (): void => {
    if (this.started || !('serviceWorker' in navigator)) return;
    this.started = true;
    navigator.serviceWorker.addEventListener('controllerchange', () => {
      // The first worker of all claims the page too; only the one that was asked for brings a reload.
      if (this.update.state === 'applying') location.reload();
    });
    navigator.serviceWorker.register(workerUrl()).then(
      (registration) => this.watch(registration),
      () => {
        // Without a service worker the app works while there is a network; nothing else is lost.
      },
    );
  };

  apply(): void {
    if (this.waiting === undefined) return;
    this.set({ ...this.update, state: 'applying' });
    this.waiting.postMessage('take');
  }

  private watch(registration: ServiceWorkerRegistration): void {
    const look = () => {
      if (registration.waiting !== null && navigator.serviceWorker.controller !== null) {
        this.offer(registration.waiting);
      }
    };
    look();
    registration.addEventListener('updatefound', () => {
      registration.installing?.addEventListener('statechange', look);
    });
    const ask = () => {
      if (!document.hidden) registration.update().catch(() => undefined);
    };
    setInterval(ask, askEvery);
    document.addEventListener('visibilitychange', ask);
  }

  private offer(worker: ServiceWorker): void {
    if (this.waiting === worker) return;
    this.waiting = worker;
    this.set({ state: 'ready' });
    void versionOf(worker).then((version) => {
      if (this.waiting === worker && this.update.state === 'ready') this.set({ state: 'ready', version });
    });
  }

  private set(update: Update): void {
    this.update = update;
    for (const listener of this.listeners) listener();
  }
}

export const updates = new Updates();
