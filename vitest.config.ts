import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['mcp-gatehouse-source'] },
  ssr: { resolve: { conditions: ['mcp-gatehouse-source'] } },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
  },
});
