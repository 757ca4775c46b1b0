import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended, printed, Workplace } from "./workplace.ts";

describe("millrace run", () => {
  let place: Workplace;

  beforeAll(async () => {
    place = await Workplace.create();
  });

  afterAll(() => place.remove());

  const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

  it("runs a job to its end: its output alone on standard output, the summary on standard error", async () => {
    const run = await place.run(["run", "jobs/numbers.ts", "-p", "2", "--", "--up-to", "10", "--label=x"]);
    expect(run, run.err).toMatchObject({ code: 0 });
    expect(lines(run.out).sort()).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20].map((n) => `x ${n}`).sort());
    expect(run.err).toMatch(/^numbers FINISHED in .*\n {2}in 10 records \(.*\), out 10 \(.*\)\n/u);
    expect(run.err).toMatch(/\n {2}operators +tasks +records in +records out +busy +back-pressured\n/u);
    expect(run.err).toMatch(/-> double -> .* 2 +10 +10 /u);
    expect(run.err).not.toContain("\x1b");
  });

  it("shows nothing but errors when it is to be quiet", async () => {
    const run = await place.run(["run", "jobs/numbers.ts", "-q", "-p", "1", "--", "--up-to", "2"]);
    expect(run).toMatchObject({ code: 0, out: "n 2\nn 4\n", err: "" });
    const failing = await place.run(["run", "fixtures/fails.ts", "-q", "-p", "1"]);
    expect(failing.code).toBe(1);
    expect(failing.err).toMatch(/^error\[USER_FUNCTION_FAILED\]/u);
  });

  it("reports in JSON lines", async () => {
    const run = await place.run(["run", "jobs/numbers.ts", "--json", "-p", "1", "--", "--upTo", "3"]);
    expect(run).toMatchObject({ code: 0, out: "n 2\nn 4\nn 6\n" });
    const reports = lines(run.err).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(reports.at(-1)).toMatchObject({
      type: "summary",
      job: "numbers",
      status: "FINISHED",
      recordsIn: 3,
      recordsOut: 3,
      vertices: [{ parallelism: 1, recordsIn: 3, recordsToSinks: 3 }],
    });
    const failing = await place.run(["run", "fixtures/fails.ts", "--json", "-p", "1"]);
    const [summary, error] = lines(failing.err).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(summary).toMatchObject({ type: "summary", status: "FAILED" });
    expect(error).toMatchObject({
      type: "error",
      code: "USER_FUNCTION_FAILED",
      details: { operator: "check", uid: "check", subtask: 0 },
      causes: [{ name: "RangeError", message: "7 is too high" }],
    });
  });

  it("reads standard input to its end", async () => {
    const run = await place.run(["run", "jobs/words.ts", "-p", "2"], { input: "to be or\nnot to be\n" });
    expect(run, run.err).toMatchObject({ code: 0 });
    expect(lines(run.out).sort()).toEqual(["be 2", "not 1", "or 1", "to 2"]);
  });

  it("warns of records that it skips, and counts them", async () => {
    const run = await place.run(["run", "jobs/skips.ts", "-p", "1"]);
    expect(run, run.err).toMatchObject({ code: 0, out: "1\n2\n4\n" });
    expect(run.err).toMatch(/^warning: .*parse.*three/mu);
    expect(run.err).toMatch(/in 5 records \(.*\), out 3 \(.*\), skipped 2\n/u);
  });

  it("writes a line of progress every few seconds where there is no terminal", async () => {
    const child = place.start(["run", "jobs/ticks.ts", "-p", "1"]);
    const end = ended(child);
    await printed(child.stderr, "\n");
    child.kill("SIGINT");
    const { err } = await end;
    expect(err).toMatch(
      /^\d\d:\d\d:\d\d ticks: \S+ s, in \d+ \(\d+\/s\), out \d+ \(\d+\/s\), watermark 2001-01-01 \d\d:\d\d:\d\d, busiest "/u,
    );
  });

  it("takes settings by -D, which -p overrules", async () => {
    const args = ["run", "jobs/numbers.ts", "--json", "-D", "parallelism.default=3"];
    const job = ["--", "--up-to", "1"];
    const vertices = async (...more: string[]): Promise<unknown> => {
      const { err } = await place.run([...args, ...more, ...job]);
      return (JSON.parse(lines(err).at(-1) ?? "") as { vertices: unknown }).vertices;
    };
    expect(await vertices()).toMatchObject([{ parallelism: 3 }]);
    expect(await vertices("-p", "2")).toMatchObject([{ parallelism: 2 }]);
  });

  it("runs by node as well, where all arguments are the job's", async () => {
    const run = await place.node(["jobs/numbers.ts", "--up-to", "2", "--format", "json"]);
    expect(run, run.err).toMatchObject({ code: 0 });
    expect(lines(run.out).sort()).toEqual(['{"n":2}', '{"n":4}']);
    expect(run.err).toMatch(/^numbers FINISHED/u);
    const wrong = await place.node(["jobs/numbers.ts", "--upto", "2"]);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain("did you mean --up-to?");
    const help = await place.node(["jobs/numbers.ts", "--help"]);
    expect(help).toMatchObject({ code: 0, err: "" });
    expect(help.out).toContain("--up-to <int>");
  });

  it.each([
    ["run", "jobs/numbers.ts", "--", "--help"],
    ["run", "jobs/numbers.ts", "--help"],
    ["info", "jobs/numbers.ts", "--help"],
  ])("shows the job's own arguments: %s %s %s %s", async (...args) => {
    const run = await place.run(args.filter((arg) => arg !== undefined));
    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toContain("numbers: Doubles numbers\n\nArguments of the job, after --:\n");
    expect(run.out).toMatch(/--up-to <int> +the last number \(required\)/u);
    expect(run.out).toMatch(/--label <string> +stands before each \(default n\)/u);
    expect(run.out).toMatch(/--format <text\|json> +\(default text\)/u);
    expect(run.out).toMatch(/--file <path> +\(optional\)/u);
    expect(run.out.includes("Usage: millrace")).toBe(!args.includes("--"));
  });

  it("tells its version, and what it can do", async () => {
    expect(await place.run(["--version"])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/u),
    });
    const help = await place.run([]);
    expect(help).toMatchObject({ code: 0, err: "" });
    expect(help.out).toContain("run <job.ts>");
  });
});
