import { join } from 'node:path';
import type { NextConfig } from 'next';

const config: NextConfig = {
  // Its store has a native part, which no bundler can take in.
  serverExternalPackages: ['mcp-gatehouse'],
  // Here the package is linked from the repository around this folder. A project of your own needs no such line.
  turbopack: { root: join(import.meta.dirname, '../..') },
};

export default config;
