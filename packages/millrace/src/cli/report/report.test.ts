import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { vertexId } from "../../common/ids/ids.ts";
import { textWidth } from "../format/text-width.ts";
import { CALM, type ProgressReport } from "../progress/job-progress.ts";
import type { VertexTotals } from "../progress/job-totals.ts";
import { COLOUR_STYLE, PLAIN_STYLE } from "../terminal/style.ts";
import type { JobSummary } from "./job-summary.ts";
import { liveLine } from "./live-line.ts";
import { logLine } from "./log-line.ts";
import { progressJson, savepointJson, summaryJson } from "./report-json.ts";
import { summaryText } from "./summary-text.ts";

const report: ProgressReport = {
  jobName: "delays",
  now: Date.UTC(2024, 5, 1, 14, 9, 3),
  elapsed: 12_340,
  recordsIn: 3_000_000,
  recordsInPerSecond: 245_200,
  recordsOut: 14_100,
  recordsOutPerSecond: 1230,
  recordsSkipped: 0,
  watermark: Date.UTC(2001, 2, 4, 5, 6, 7),
  busiest: { name: "window", share: 0.984 },
  heldBack: { name: "Source: flights", share: 0.71 },
  condition: CALM,
};
const troubled: ProgressReport = {
  ...report,
  busiest: undefined,
  heldBack: undefined,
  condition: {
    restarting: true,
    restarts: 2,
    checkpoints: { last: { id: 4, age: 2100, duration: 31.6, stateBytes: 5000 }, failed: 1 },
  },
};
const waiting: ProgressReport = { ...report, condition: { ...CALM, waiting: "waiting for 2 slots" } };

function vertex(values: Partial<VertexTotals>): VertexTotals {
  return {
    id: vertexId("v"),
    name: "map",
    parallelism: 2,
    source: false,
    recordsIn: 0,
    recordsOut: 0,
    recordsToSinks: 0,
    recordsSkipped: 0,
    busyTime: 0,
    idleTime: 0,
    backPressuredTime: 0,
    watermark: -Infinity,
    subtasks: [],
    ...values,
  };
}

const summary: JobSummary = {
  jobId: "0123",
  jobName: "delays",
  status: "FINISHED",
  duration: 12_000,
  restarts: 0,
  checkpoints: undefined,
  totals: {
    recordsIn: 3_000_000,
    recordsOut: 14_100,
    recordsSkipped: 0,
    recordsLate: 0,
    watermark: Infinity,
    vertices: [
      vertex({
        name: "Source: flights -> filter",
        recordsIn: 3_000_000,
        recordsOut: 2_990_000,
        busyTime: 45,
        idleTime: 4,
        backPressuredTime: 51,
        watermark: Infinity,
      }),
      vertex({ name: "window -> Sink: print", parallelism: 4, recordsIn: 2_990_000, recordsOut: 14_100 }),
    ],
  },
};

describe("liveLine", () => {
  it("shows everything where there is room", () => {
    expect(liveLine(report, 200, PLAIN_STYLE)).toBe(
      "delays | 12.3 s | in 245 k/s (3.00 M) | out 1.23 k/s (14.1 k) | watermark 2001-03-04 05:06:07 | busiest window 98% | back-pressured Source: flights",
    );
  });

  it("leaves out what matters least where there is less", () => {
    expect(liveLine(report, 99, PLAIN_STYLE)).toBe(
      "delays | in 245 k/s (3.00 M) | out 1.23 k/s (14.1 k) | watermark 2001-03-04 05:06:07",
    );
    expect(liveLine(report, 40, PLAIN_STYLE)).toBe("delays | in 245 k/s (3.00 M)");
    expect(liveLine(report, 12, PLAIN_STYLE)).toBe("in 245 k/...");
  });

  it("shows neither a watermark nor a busy operator when there is none, and skipped records when there are", () => {
    const quiet = {
      ...report,
      watermark: -Infinity,
      busiest: undefined,
      heldBack: undefined,
      recordsSkipped: 7,
    };
    expect(liveLine(quiet, 200, PLAIN_STYLE)).toBe(
      "delays | 12.3 s | in 245 k/s (3.00 M) | out 1.23 k/s (14.1 k) | skipped 7",
    );
  });

  it("never takes more columns than it may, whatever the names are", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme" }),
        fc.string({ unit: fc.nat(0x9f).map((code) => String.fromCodePoint(code)) }),
        fc.integer({ min: 1, max: 250 }),
        (jobName, name, columns) => {
          const line = liveLine({ ...report, jobName, busiest: { name, share: 1 } }, columns, PLAIN_STYLE);
          expect(textWidth(line)).toBeLessThanOrEqual(columns);
          expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f]/u);
        },
      ),
    );
  });

  it("shows checkpoints, restarts and that the job waits for one", () => {
    expect(liveLine(troubled, 200, PLAIN_STYLE)).toBe(
      "delays | restarting | 12.3 s | in 245 k/s (3.00 M) | out 1.23 k/s (14.1 k) | 2 restarts | checkpoint 4, 2.1 s ago, 1 failed since | watermark 2001-03-04 05:06:07",
    );
    const none = { ...troubled.condition, restarting: false, checkpoints: { last: undefined, failed: 0 } };
    expect(liveLine({ ...troubled, condition: none }, 200, PLAIN_STYLE)).toContain("| no checkpoint yet |");
    expect(liveLine(troubled, 40, PLAIN_STYLE)).toBe("restarting | in 245 k/s (3.00 M)");
    expect(liveLine(waiting, 60, PLAIN_STYLE)).toContain("delays | waiting for 2 slots | in");
    expect(logLine(waiting)).toContain("delays: 12.3 s, waiting for 2 slots, in 3,000,000");
    expect(JSON.parse(progressJson(waiting))).toMatchObject({ waiting: "waiting for 2 slots" });
  });

  it("has colours that take no room", () => {
    const line = liveLine(report, 99, COLOUR_STYLE);
    expect(line).toContain("\x1b[36min 245 k/s (3.00 M)\x1b[39m");
    expect(line.replace(/\x1b\[\d+m/gu, "")).toBe(liveLine(report, 99, PLAIN_STYLE));
  });
});

describe("logLine", () => {
  it("has whole numbers and the time", () => {
    expect(logLine({ ...report, recordsSkipped: 1200 })).toBe(
      '14:09:03 delays: 12.3 s, in 3,000,000 (245,200/s), out 14,100 (1,230/s), skipped 1,200, watermark 2001-03-04 05:06:07, busiest "window" 98%, back-pressured "Source: flights" 71%',
    );
  });

  it("tells of checkpoints and restarts", () => {
    expect(logLine(troubled)).toBe(
      "14:09:03 delays: restarting, 12.3 s, in 3,000,000 (245,200/s), out 14,100 (1,230/s), 2 restarts, checkpoint 4, 2.1 s ago, 1 failed since, watermark 2001-03-04 05:06:07",
    );
  });
});

describe("summaryText", () => {
  it("tells how the job ended, what went in and out, and what each vertex did", () => {
    expect(summaryText(summary, PLAIN_STYLE, "/").split("\n")).toEqual([
      "delays FINISHED in 12.0 s",
      "  in 3,000,000 records (250,000/s), out 14,100 (1,175/s)",
      "",
      "  operators                  tasks  records in  records out  busy  back-pressured",
      "  Source: flights -> filter      2   3,000,000    2,990,000   45%             51%",
      "  window -> Sink: print          4   2,990,000       14,100     -               -",
    ]);
  });

  it("counts checkpoints and restarts where there were some", () => {
    const lines = (more: Partial<JobSummary>): string[] =>
      summaryText({ ...summary, ...more }, PLAIN_STYLE, "/work").split("\n");
    expect(lines({ checkpoints: { completed: 12, failed: 0 } })[2]).toBe("  12 checkpoints");
    expect(lines({ checkpoints: { completed: 1, failed: 3 }, restarts: 1 })[2]).toBe(
      "  1 checkpoint, 3 failed, 1 restart (tasks count anew after one)",
    );
    expect(lines({ restarts: 2 })[2]).toBe("  2 restarts (tasks count anew after one)");
    expect(lines({ checkpoints: { completed: 2, failed: 0 }, kept: "/work/checkpoints/0f/chk-2" })[3]).toBe(
      "  its last checkpoint is kept: -s checkpoints/0f/chk-2 goes on from it",
    );
    expect(JSON.parse(summaryJson({ ...summary, kept: "/c/chk-2" }))).toMatchObject({ kept: "/c/chk-2" });
    // Records since the last restart say nothing about the whole time.
    expect(lines({ restarts: 2 })[1]).not.toContain("/s)");
  });

  it("tells of a job that did not finish how far event time was", () => {
    const text = summaryText({ ...summary, status: "FAILED" }, PLAIN_STYLE, "/");
    expect(text).toContain("delays FAILED in 12.0 s");
    expect(text).toMatch(/back-pressured {2}watermark\n.* 51% {2}complete\n.* {2}-$/u);
  });

  it("tells of skipped and late records where there were some", () => {
    const [source, window] = summary.totals.vertices as [VertexTotals, VertexTotals];
    const vertices = [{ ...source, recordsSkipped: 1200 }, window];
    const text = summaryText(
      {
        ...summary,
        status: "CANCELED",
        totals: { ...summary.totals, recordsSkipped: 1200, recordsLate: 3, vertices },
      },
      PLAIN_STYLE,
      "/",
    );
    expect(text).toContain("delays CANCELED in");
    expect(text).toContain("skipped 1,200, dropped as late 3");
    expect(text).toMatch(/records out {2}skipped {2}busy/u);
    expect(text).toMatch(/2,990,000 {4}1,200 {3}45%/u);
  });

  it("cuts the names of long chains, and colours only the style's way", () => {
    const vertices = [vertex({ name: "map -> ".repeat(20) })];
    const text = summaryText({ ...summary, totals: { ...summary.totals, vertices } }, COLOUR_STYLE, "/");
    expect(text).toContain("...");
    expect(text).toContain("\x1b[32mFINISHED\x1b[39m");
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThan(140);
  });
});

describe("JSON", () => {
  it("is one line of plain numbers", () => {
    const line = progressJson(report);
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toEqual({
      type: "progress",
      job: "delays",
      time: report.now,
      elapsed: 12_340,
      recordsIn: 3_000_000,
      recordsInPerSecond: 245_200,
      recordsOut: 14_100,
      recordsOutPerSecond: 1230,
      recordsSkipped: 0,
      watermark: report.watermark,
      busiest: { name: "window", share: 0.984 },
      backPressured: { name: "Source: flights", share: 0.71 },
      restarting: false,
      restarts: 0,
      waiting: null,
      checkpoints: null,
    });
    expect(JSON.parse(progressJson(troubled))).toMatchObject({
      restarting: true,
      restarts: 2,
      checkpoints: { last: { id: 4, age: 2100, duration: 32, stateBytes: 5000 }, failed: 1 },
    });
    expect(JSON.parse(savepointJson("delays", "/srv/a b"))).toEqual({
      type: "savepoint",
      job: "delays",
      path: "/srv/a b",
    });
  });

  it("says in words what numbers can't: no watermark yet, event time complete", () => {
    expect(JSON.parse(progressJson({ ...report, watermark: -Infinity }))).toMatchObject({ watermark: null });
    const told = JSON.parse(summaryJson(summary)) as Record<string, unknown>;
    expect(told).toMatchObject({
      type: "summary",
      status: "FINISHED",
      watermark: "complete",
      duration: 12_000,
    });
    expect(told["vertices"]).toMatchObject([{ watermark: "complete", busyTime: 45 }, { watermark: null }]);
  });
});
