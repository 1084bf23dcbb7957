/** @type {import('next').NextConfig} */
const config = {
  // The relay serves files; there is no server of ours behind the pages.
  output: 'export',
  reactStrictMode: true,
  images: { unoptimized: true },
  env: { NEXT_PUBLIC_VERSION: process.env.npm_package_version ?? '' },
};
export default config;
