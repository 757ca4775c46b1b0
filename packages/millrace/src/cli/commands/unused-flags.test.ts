import { describe, expect, it } from "vitest";
import { NO_CHECKPOINT_FLAGS } from "../command-line/requests.ts";
import { unusedFlags } from "./unused-flags.ts";

describe("unusedFlags", () => {
  it("tells of flags that need another one", () => {
    const flags = { ...NO_CHECKPOINT_FLAGS, checkpointDir: "checkpoints", claim: true };
    expect(unusedFlags(flags, {})).toEqual([
      "--checkpoint-dir is given, but no checkpoints are taken: add --checkpoint-interval",
      "--claim is given, but the job starts from nothing: add -s",
    ]);
  });

  it("is content with what the job says itself", () => {
    const flags = { ...NO_CHECKPOINT_FLAGS, checkpointDir: "checkpoints", claim: true };
    const config = {
      "execution.checkpointing.interval": 1000,
      "execution.state-recovery.path": "/savepoint",
    };
    expect(unusedFlags(flags, config)).toEqual([]);
    expect(unusedFlags(NO_CHECKPOINT_FLAGS, {})).toEqual([]);
  });
});
