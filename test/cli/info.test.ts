import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Workplace } from "./workplace.ts";

describe("millrace info", () => {
  let place: Workplace;

  beforeAll(async () => {
    place = await Workplace.create();
  });

  afterAll(() => place.remove());

  it("shows the plan: vertices, what they read, and their operators as trees", async () => {
    const run = await place.run(["info", "jobs/keyed.ts", "-p", "2"]);
    expect(run).toMatchObject({ code: 0, err: "" });
    const text = run.out.replace(/uid [0-9a-f]{32}/gu, "uid ...");
    expect(text.split("\n")).toEqual([
      "keyed: Sessions of sensors",
      "3 vertices, 5 tasks in 2 slots",
      "",
      "1 Source: readings -> valid (2 tasks)",
      "    Source: readings  uid ...",
      "      emits { sensor: string, value: double, at: timestamp }",
      "    +- valid          uid ...",
      "         emits { sensor: string, value: double, at: timestamp }",
      "",
      "2 sessions (2 tasks, 128 key groups)",
      "    <- hash from 1 (valid)",
      '    sessions  uid "sessions"',
      '      side output "late" emits { sensor: string, value: double, at: timestamp }',
      "",
      "3 tell -> Sink: print sink (1 task)",
      "    <- rebalance from 2 (sessions), input 1",
      '    <- rebalance from 2 (sessions, side output "late"), input 2',
      "    tell                 uid ...",
      "    +- Sink: print sink  uid ...",
      "",
    ]);
  });

  it("gives the plan as JSON", async () => {
    const run = await place.run(["info", "jobs/keyed.ts", "--json", "-p", "2"]);
    const plan = JSON.parse(run.out) as { vertices: { id: string }[]; edges: unknown[] };
    const ids = plan.vertices.map(({ id }) => id);
    expect(plan).toMatchObject({
      job: "keyed",
      description: "Sessions of sensors",
      slots: 2,
      vertices: [
        {
          parallelism: 2,
          maxParallelism: 128,
          operators: [
            { kind: "source", depth: 0 },
            { kind: "filter", depth: 1 },
          ],
        },
        {
          parallelism: 2,
          operators: [
            {
              kind: "window",
              uid: "sessions",
              uidExplicit: true,
              outputType: null,
              sideOutputs: { late: "{ sensor: string, value: double, at: timestamp }" },
            },
          ],
        },
        { parallelism: 1, operators: [{ kind: "coProcess" }, { kind: "sink" }] },
      ],
      edges: [
        { from: ids[0], to: ids[1], partitioner: "hash", input: 0, sideOutput: null },
        { from: ids[1], to: ids[2], partitioner: "rebalance", input: 0, sideOutput: null },
        { from: ids[1], to: ids[2], partitioner: "rebalance", input: 1, sideOutput: "late" },
      ],
    });
  });

  it("gives the same fingerprint each time, and another one for another plan", async () => {
    const print = async (parallelism: string): Promise<unknown> => {
      const { out } = await place.run(["info", "jobs/keyed.ts", "--json", "-p", parallelism]);
      return (JSON.parse(out) as { fingerprint: unknown }).fingerprint;
    };
    const first = await print("2");
    expect(first).toMatch(/^[0-9a-f]{64}$/u);
    expect(await print("2")).toBe(first);
    expect(await print("3")).not.toBe(first);
  });

  it("needs the job's arguments, as the plan depends on them", async () => {
    const run = await place.run(["info", "jobs/numbers.ts"]);
    expect(run).toMatchObject({ code: 2, out: "" });
    expect(run.err).toMatch(
      /^error\[INVALID_OPTION\]: argument --up-to is missing: the last number\nhelp: /u,
    );
  });
});
