import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/**
 * Tests import the workspace's own packages by name and get their sources: the private export condition
 * `millrace-source` is on for Vite's resolver and, through Vitest, for Node's own, which the worker threads
 * that tests start inherit.
 */
const condition = "millrace-source";

// Worker threads and processes that tests start load the sources anew each time: the cache makes that several times quicker.
process.env["NODE_COMPILE_CACHE"] ??= fileURLToPath(
  new URL("node_modules/.cache/millrace-compile", import.meta.url),
);

const shared = {
  resolve: { conditions: [condition, "node"] },
  ssr: { resolve: { conditions: [condition, "node"] } },
};

const exclude = ["**/node_modules/**", "**/dist/**", "**/fixtures/**", "**/temp/**"];

const common = {
  environment: "node" as const,
  // Child processes, because the engine starts worker threads and handles signals itself.
  pool: "forks" as const,
  setupFiles: [fileURLToPath(new URL("test/fast-check-seed.ts", import.meta.url))],
  exclude,
  // Guards against waiting for ever, of tests that wait for a sign: a machine may be as busy as it likes.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 60_000, interval: 10 } },
};

export default defineConfig({
  ...shared,
  test: {
    maxWorkers: 2,
    reporters: ["default"],
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/*.test-d.ts", "**/*.bench.ts"],
    },
    projects: [
      {
        ...shared,
        test: {
          ...common,
          name: "unit",
          include: ["packages/*/src/**/*.test.ts"],
        },
      },
      {
        ...shared,
        test: {
          ...common,
          name: "system",
          include: ["test/**/*.test.ts", "examples/**/*.test.ts", "bench/**/*.test.ts"],
        },
      },
      {
        ...shared,
        test: {
          ...common,
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ["packages/*/src/**/*.test-d.ts", "test/**/*.test-d.ts"],
            tsconfig: "./tsconfig.json",
            // `npm run typecheck` reports the others.
            ignoreSourceErrors: true,
          },
        },
      },
    ],
  },
});
