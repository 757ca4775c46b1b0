/** The export condition under which packages resolve to their sources. Private: it is not published. */
export const SOURCE_CONDITION = "millrace-source";

/** A file that becomes a bundled module of its own. */
export interface Entry {
  /** Name of the module in `dist/`, without its extension. */
  readonly name: string;
  /** Its source, relative to the package's folder. */
  readonly source: string;
  /**
   * Whether the build fails without it. An entry that nobody has written yet is skipped with a message; set this
   * once it is there.
   */
  readonly required: boolean;
}

/** A package that is built, and what it bundles. */
export interface PackageBuild {
  /** Its folder below `packages/`. */
  readonly folder: string;
  readonly entries: readonly Entry[];
}

/**
 * What is built, in the order that types need.
 *
 * All modules of a package lie side by side in its `dist/`: wherever the bundler puts a piece of code, the entry of a
 * worker thread is `./<name>.js` beside it.
 */
export const PACKAGES: readonly PackageBuild[] = [
  {
    folder: "millrace",
    entries: [
      { name: "index", source: "src/index.ts", required: true },
      { name: "testing", source: "src/testing/index.ts", required: true },
      { name: "client", source: "src/client.ts", required: true },
      { name: "cli", source: "src/cli/main.ts", required: true },
      {
        name: "job-master-worker",
        source: "src/cluster/job-manager/job-master/worker/job-master-worker.ts",
        required: true,
      },
      { name: "slot-worker", source: "src/cluster/task-manager/slot-worker.ts", required: true },
      { name: "state-backend", source: "src/runtime/state/backend-kit.ts", required: true },
    ],
  },
  {
    folder: "connector-parquet",
    entries: [{ name: "index", source: "src/index.ts", required: true }],
  },
  {
    folder: "state-rocksdb",
    entries: [{ name: "index", source: "src/index.ts", required: true }],
  },
];
