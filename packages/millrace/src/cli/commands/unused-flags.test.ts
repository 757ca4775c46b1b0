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

  it("tells of the numbers of a restart strategy that is not the job's", () => {
    const attempts = { "restart-strategy.fixed-delay.attempts": 3, "restart-strategy.fixed-delay.delay": 10 };
    const checkpoints = { "execution.checkpointing.interval": 1000 };
    const unused = (config: Readonly<Record<string, unknown>>): readonly string[] =>
      unusedFlags(NO_CHECKPOINT_FLAGS, config);
    expect(unused(attempts)).toEqual([
      "restart-strategy.fixed-delay.attempts is given, but the job's restart strategy is none: add -D restart-strategy.type=fixed-delay",
    ]);
    expect(unused({ ...attempts, ...checkpoints })[0]).toContain("strategy is exponential-delay");
    expect(unused({ ...attempts, "restart-strategy.type": "fixed-delay" })).toEqual([]);
    expect(unused({ ...attempts, "restart-strategy.type": "none" })).toEqual([]);
    expect(unused({ ...checkpoints, "restart-strategy.exponential-delay.jitter-factor": 0 })).toEqual([]);
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
