import { CacheFirst, Serwist, type PrecacheEntry } from 'serwist';

declare const self: ServiceWorkerGlobalScope & {
  readonly __SW_MANIFEST: PrecacheEntry[];
  /** Set by the relay before this script: changes with the headers of its pages. */
  readonly LATCHKEY_HEADERS?: string;
};
/** Set by the build. */
declare const LATCHKEY_VERSION: string;

/** A kept page keeps the headers that it came with, so other headers make it another page. */
function withHeaders(entry: PrecacheEntry): PrecacheEntry {
  if (!entry.url.endsWith('.html')) return entry;
  return { ...entry, revision: `${entry.revision ?? ''} ${self.LATCHKEY_HEADERS ?? ''}` };
}

/**
 * The whole export lies in the cache, so the app starts without a network. A new version waits until a person
 * takes it: nothing is swapped under an open door.
 */
const serwist: Serwist = new Serwist({
  precacheEntries: self.__SW_MANIFEST.map(withHeaders),
  skipWaiting: false,
  // The first visit's page is served from the cache at once; a later version claims only what it was let at.
  clientsClaim: true,
  navigationPreload: false,
  precacheOptions: {
    cleanURLs: true,
    directoryIndex: 'index.html',
    cleanupOutdatedCaches: true,
    // `/settings?from=here` is /settings: queries are read by the page, if by anybody.
    ignoreURLParametersMatching: [/.*/],
  },
  runtimeCaching: [
    {
      // Fonts for letters that few names have; their names carry a hash.
      matcher: ({ url, sameOrigin }) => sameOrigin && url.pathname.startsWith('/_next/static/media/'),
      handler: new CacheFirst({ cacheName: 'fonts' }),
    },
    {
      // An address that no page has: the relay's answer, or without a network the page that says so.
      matcher: ({ request, sameOrigin }) => sameOrigin && request.mode === 'navigate',
      handler: async ({ request }): Promise<Response> => {
        try {
          return await fetch(request);
        } catch {
          return (await serwist.matchPrecache('/404.html')) ?? Response.error();
        }
      },
    },
  ],
});

self.addEventListener('message', (event) => {
  const { data, ports } = event as ExtendableMessageEvent & { data: unknown };
  if (data === 'take') void self.skipWaiting();
  if (data === 'version') ports[0]?.postMessage(LATCHKEY_VERSION);
});

serwist.addEventListeners();
