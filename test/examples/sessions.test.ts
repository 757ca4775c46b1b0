import { describe, expect, it } from "vitest";
import { readJsonLines, runExample } from "./run-example.ts";

interface Click {
  readonly user: string;
  readonly page: string;
  readonly at: string;
}

interface Visit {
  readonly from: number;
  readonly until: number;
  readonly pages: readonly string[];
}

const MINUTE = 60_000;
const time = (at: number): string => new Date(at).toISOString().slice(11, 19);

/** The example's output, computed click by click; in no order. */
function expected(clicks: readonly Click[], gap: number): string[] {
  const open = new Map<string, Visit[]>();
  const lines: string[] = [];
  let watermark = -Infinity;
  for (const { user, page, at: text } of clicks) {
    const at = Date.parse(text);
    const all = open.get(user) ?? [];
    const touched = all.filter((visit) => at <= visit.until + gap && visit.from <= at + gap);
    const joined = {
      from: Math.min(at, ...touched.map(({ from }) => from)),
      until: Math.max(at, ...touched.map(({ until }) => until)),
      pages: [...touched.flatMap(({ pages }) => pages), page],
    };
    if (joined.until + gap - 1 <= watermark) lines.push(`late   ${user.padEnd(6)} ${time(at)}  ${page}`);
    else open.set(user, [...all.filter((visit) => !touched.includes(visit)), joined]);

    watermark = Math.max(watermark, at - MINUTE - 1);
    for (const [owner, visits] of open) {
      open.set(
        owner,
        visits.filter(
          (visit) => visit.until + gap - 1 > watermark || !lines.push(describeVisit(owner, visit)),
        ),
      );
    }
  }
  for (const [user, visits] of open) lines.push(...visits.map((visit) => describeVisit(user, visit)));
  return lines.sort();
}

const describeVisit = (user: string, { from, until, pages }: Visit): string =>
  `visit  ${user.padEnd(6)} ${time(from)} - ${time(until)}  ${pages.length} clicks on ${new Set(pages).size} pages`;

describe("examples/sessions.ts", () => {
  const clicks = readJsonLines<Click>("clicks.jsonl");

  it.for([
    { gap: 30, parallelism: 2, late: 3 },
    { gap: 10, parallelism: 1, late: 4 },
  ])(
    "finds the visits and the late clicks with a gap of $gap minutes",
    async ({ gap, parallelism, late }) => {
      const run = await runExample("sessions", { parallelism, args: ["--gap", `${gap} min`] });
      expect(run.lines.toSorted()).toEqual(expected(clicks, gap * MINUTE));
      expect(run.lines.filter((line) => line.startsWith("late"))).toHaveLength(late);
      expect(run.code).toBe(0);
    },
  );
});
