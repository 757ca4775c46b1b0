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

/** Tests that want a process of their own: they measure its heap, or start threads and end them. */
const alone = [
  "packages/millrace/src/runtime/network/{ring,tcp}/*-{stress,threads}.test.ts",
  "packages/millrace/src/cluster/local/worker-slots.test.ts",
  "packages/millrace/src/cluster/job-manager/{dispatcher/jobs,process}/*-thread*.test.ts",
  "packages/millrace/src/cluster/task-manager/reclaim-shared-memory.test.ts",
  "packages/millrace/src/common/codec/copy-for-state.test.ts",
  "packages/millrace/src/runtime/state/**/*-{keeper,strings}.test.ts",
];
/** Tests of what is not written in JavaScript. */
const native = ["packages/state-rocksdb/src/**/*.test.ts"];

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
      // By their names, the first ones first: what is left for the end is short.
      {
        ...shared,
        test: { ...common, name: "alone", include: alone },
      },
      {
        ...shared,
        test: {
          ...common,
          name: "native",
          include: native,
          // Each database takes 40 MB for a moment: what one has left is the next one's, without a way through the system.
          env: { MALLOC_MMAP_THRESHOLD_: "4294967296", MALLOC_TRIM_THRESHOLD_: "8589934592" },
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
          name: "unit",
          include: ["packages/*/src/**/*.test.ts"],
          exclude: [...exclude, ...alone, ...native],
          // Loading what is tested takes longer than most tests do.
          isolate: false,
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
            // `npm run typecheck` looks at all the others.
            tsconfig: "./tsconfig.types.json",
            ignoreSourceErrors: true,
          },
        },
      },
    ],
  },
});
