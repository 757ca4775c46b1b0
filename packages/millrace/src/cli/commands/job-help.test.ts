import { describe, expect, it } from "vitest";
import type { ArgDescription, JobProgram } from "../../graph/stream/job-program.ts";
import { jobHelp } from "./job-help.ts";

function program(args: readonly ArgDescription[], description?: string): JobProgram {
  return { name: "delays", description, args } as unknown as JobProgram;
}

describe("jobHelp", () => {
  it("lists the arguments as they are written, with type, purpose and default", () => {
    const help = jobHelp(
      program(
        [
          {
            name: "inputFile",
            kind: "path",
            description: "flights to read",
            required: true,
            defaultText: undefined,
          },
          {
            name: "format",
            kind: "one of json, csv",
            description: undefined,
            required: false,
            defaultText: "json",
          },
          {
            name: "verbose",
            kind: "boolean",
            description: "tell more",
            required: false,
            defaultText: undefined,
          },
        ],
        "The worst airports of each day",
      ),
    );
    expect(help.split("\n")).toEqual([
      "delays: The worst airports of each day",
      "",
      "Arguments of the job, after --:",
      "  --input-file <path>   flights to read (required)",
      "  --format <json|csv>   (default json)",
      "  --verbose             tell more (optional)",
    ]);
  });

  it("breaks long descriptions, and puts those of long names below them", () => {
    const help = jobHelp(
      program([
        {
          name: "a",
          kind: "int",
          description: "word ".repeat(40).trim(),
          required: true,
          defaultText: undefined,
        },
        {
          name: "anArgumentWithAVeryLongNameIndeed",
          kind: "duration",
          description: "x",
          required: true,
          defaultText: undefined,
        },
      ]),
    );
    for (const line of help.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    expect(help).toMatch(/--an-argument-with-a-very-long-name-indeed <duration>\n {20,}x \(required\)/u);
  });

  it("says so when there are none", () => {
    expect(jobHelp(program([]))).toBe("delays\n\nThe job takes no arguments of its own.");
  });
});
