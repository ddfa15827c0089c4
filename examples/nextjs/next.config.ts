import type { NextConfig } from 'next';

const config: NextConfig = {
  // Its store has a native part, which no bundler can take in.
  serverExternalPackages: ['mcp-gatehouse'],
};

export default config;
