/** @type {import('next').NextConfig} */
const config = {
  // The relay serves files; there is no server of ours behind the pages.
  output: 'export',
  reactStrictMode: true,
  images: { unoptimized: true },
  // Types are the business of `npm run check`, over the whole house; Next would write into tsconfig.json.
  typescript: { ignoreBuildErrors: true, tsconfigPath: 'server/build/tsconfig.next.json' },
};
export default config;
