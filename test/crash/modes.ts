/** How jobs take checkpoints in crash tests: by backend and by mode. */
export const MODES: readonly (readonly [string, readonly string[]])[] = [
  ["hashmap, aligned", []],
  ["hashmap, unaligned", ["execution.checkpointing.unaligned.enabled=true"]],
  [
    "hashmap, full checkpoints, two at a time",
    ["execution.checkpointing.incremental=false", "execution.checkpointing.max-concurrent-checkpoints=2"],
  ],
  ["rocksdb, aligned", ["state.backend.type=rocksdb"]],
  [
    "rocksdb, unaligned after a timeout",
    [
      "state.backend.type=rocksdb",
      "execution.checkpointing.unaligned.enabled=true",
      "execution.checkpointing.aligned-checkpoint-timeout=20 ms",
    ],
  ],
];
