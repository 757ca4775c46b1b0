import { describe, expect, it } from "vitest";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { fromEnvelope, toEnvelope } from "./error-envelope.ts";

const cross = (error: unknown): Error => fromEnvelope(structuredClone(toEnvelope(error)));

describe("error envelopes", () => {
  it("keep class, code, help, details, stack and causes across a thread", () => {
    const original = new MillraceError("SINK_FAILED", "disk full", {
      cause: Object.assign(new RangeError("ENOSPC"), { code: "ENOSPC" }),
      help: "Free some space.",
      retryable: true,
      details: { path: "/out", subtask: 3 },
    });
    const error = cross(original);
    expect(MillraceError.is(error, "SINK_FAILED")).toBe(true);
    expect(error).toMatchObject({
      help: "Free some space.",
      retryable: true,
      details: { path: "/out", subtask: 3 },
      stack: original.stack,
    });
    expect(error.cause).toMatchObject({ name: "RangeError", message: "ENOSPC", code: "ENOSPC" });
  });

  it("take what isn't an error, and cut endless chains of causes", () => {
    expect(cross("just text").message).toBe("just text");
    const loop = new TypeError("round and round");
    loop.cause = loop;
    expect(cross(loop).message).toBe("round and round");
  });
});
