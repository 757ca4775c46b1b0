import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ended, printed, Workplace, type Ended } from "./workplace.ts";

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

describe.skipIf(process.platform === "win32")("millrace dev", () => {
  let place: Workplace;
  let child: ChildProcessWithoutNullStreams;
  let end: Promise<Ended>;
  const originals = new Map<string, string>();

  const path = (file: string): string => join(place.folder, file);
  const save = (file: string, text: string): void => writeFileSync(path(file), text);
  /** Saves a file with some of its text replaced. */
  const change = (file: string, from: string, to: string): void => {
    const text = readFileSync(path(file), "utf8");
    expect(text).toContain(from);
    save(file, text.replace(from, to));
  };
  const start = (...args: string[]): void => {
    child = place.start(["dev", "jobs/dev.ts", "-p", "1", ...args]);
    end = ended(child);
  };
  const told = (text: string): Promise<void> => printed(child.stderr, text);
  const says = (text: string): Promise<void> => printed(child.stdout, text);
  const stop = (): Promise<Ended> => {
    child.kill("SIGINT");
    return end;
  };

  /** Checks that each number came once, in order, with its right count. */
  function expectNothingLost(out: string): void {
    const records = lines(out).map((line) => line.split(" ").slice(1).map(Number));
    expect(records).toEqual(records.map((_, n) => [n, Math.floor(n / 2) + 1]));
  }

  beforeAll(async () => {
    place = await Workplace.create();
    for (const file of ["jobs/dev.ts", "jobs/tone.ts", "jobs/echo.ts"]) {
      originals.set(file, readFileSync(path(file), "utf8"));
    }
  });

  beforeEach(() => {
    for (const [file, text] of originals) save(file, text);
  });

  afterEach(() => {
    child.kill("SIGKILL");
  });

  afterAll(() => place.remove());

  it("restarts the job with its state when the module, or a file that it imports, is saved; Ctrl-C ends it", async () => {
    start();
    await told("watching jobs/tone.ts, jobs/dev.ts; Ctrl-C ends");
    await says("\nloud 5 ");
    const quiet = says("\nquiet ");
    const restarted = told("jobs/tone.ts saved: the job goes on with its state, ");
    save("jobs/tone.ts", 'export const tone = "quiet";\n');
    await Promise.all([quiet, restarted]);
    const soft = says("\nvery quiet ");
    change("jobs/dev.ts", "`${tone} ", "`very ${tone} ");
    await soft;
    const run = await stop();
    expect(run, run.err).toMatchObject({ code: 0, signal: null });
    expectNothingLost(run.out.replaceAll("very quiet", "quiet"));
    expect(run.err).toMatch(/\ndev CANCELED in /u);
  });

  it("keeps the running job when what was saved can't be built, and does nothing when nothing has changed", async () => {
    start();
    await says("\nloud 5 ");
    const failed = told("the running job goes on; waiting for the next save");
    save("jobs/tone.ts", "export const tone = ;\n");
    await failed;
    await says("\nloud ");
    // A save that mends it, to what runs already, is not even told.
    save("jobs/tone.ts", originals.get("jobs/tone.ts") ?? "");
    const graph = told("the running job goes on");
    change("jobs/dev.ts", '.uid("out")', '.uid("count")');
    await graph;
    const quiet = says("\nquiet ");
    save("jobs/dev.ts", originals.get("jobs/dev.ts") ?? "");
    save("jobs/tone.ts", 'export const tone = "quiet";\n');
    await quiet;
    const run = await stop();
    expect(run, run.err).toMatchObject({ code: 0 });
    expectNothingLost(run.out);
    expect(run.err).toMatch(/error\[JOB_MODULE_INVALID\].*\n.*tone\.ts:1:20/u);
    expect(run.err).toMatch(/error\[INVALID_GRAPH\]/u);
    expect(run.err.match(/goes on with its state/gu)).toHaveLength(1);
  });

  it("says why a change can't keep the state, and waits with it for one that can", async () => {
    start();
    await says("\nloud 5 ");
    const refused = told("Save again:");
    change(
      "jobs/dev.ts",
      "valueState(Types.int, { defaultValue: () => 0 })",
      'valueState(Types.string, { defaultValue: () => "" })',
    );
    await refused;
    const on = says("\nquiet ");
    save("jobs/tone.ts", 'export const tone = "quiet";\n');
    await told("waiting for the next save, which starts the job with its state of ");
    save("jobs/dev.ts", originals.get("jobs/dev.ts") ?? "");
    await on;
    const run = await stop();
    expect(run, run.err).toMatchObject({ code: 0 });
    expectNothingLost(run.out);
    expect(run.err).toMatch(
      /error\[RESTORE_REFUSED\]: job "dev" can't start from its savepoint:\n {2}operator "count" \(uid "count"\), state "seen": the savepoint has values of type int; the job declares string: int can't become string\n/u,
    );
  });

  it("starts without state where it can't keep it, when it is told to", async () => {
    start("--fresh-on-mismatch");
    await says("\nloud 5 ");
    const anew = says("\nfresh 0 1\n");
    change("jobs/tone.ts", "loud", "fresh");
    change("jobs/dev.ts", '.uid("count")', '.uid("counted")');
    await anew;
    const run = await stop();
    expect(run.err).toMatch(
      /warning: job "dev" can't start from its savepoint:\n.*\n.*\n {2}it starts without state\n/u,
    );
    expect(run.err).toContain("saved: the job starts anew");
  });

  it("goes on with the state of the last save after a failure", async () => {
    start();
    await says("\nloud 5 ");
    const failed = told("waiting for the next save, which starts the job with its state of ");
    change("jobs/dev.ts", "const seen =", 'if (n > 0) throw new Error("on purpose");\n        const seen =');
    await failed;
    const on = says("\nloud ");
    save("jobs/dev.ts", originals.get("jobs/dev.ts") ?? "");
    await on;
    const run = await stop();
    expectNothingLost(run.out);
    expect(run.err).toMatch(/error\[USER_FUNCTION_FAILED\].*on purpose/u);
  });

  it("waits for a save that can be built when the first one can't", async () => {
    save("jobs/tone.ts", "export const tone = ;\n");
    start();
    await told("waiting for the next save, which starts the job anew");
    const first = says("loud 0 1\n");
    save("jobs/tone.ts", originals.get("jobs/tone.ts") ?? "");
    await first;
    expect(await stop()).toMatchObject({ code: 0 });
    const none = await place.run(["dev", "jobs/none.ts"]);
    expect(none).toMatchObject({ code: 2, out: "" });
    // No save mends it.
    const nothing = await place.run(["dev", "jobs/dev.ts", "-s", "nowhere"]);
    expect(nothing).toMatchObject({ code: 2, out: "" });
    expect(nothing.err).toMatch(/^error\[SAVEPOINT_NOT_FOUND\]/u);
  });

  it("loses nothing of standard input, which no source can read again", async () => {
    child = place.start(["dev", "jobs/echo.ts", "-p", "1"], { input: "one\ntwo\nthr", keepInput: true });
    end = ended(child);
    await says("heard two\n");
    const on = told("the job goes on with its state");
    change("jobs/echo.ts", "heard", "understood");
    await on;
    child.stdin.write("ee\nfour\n");
    await says("understood four\n");
    child.stdin.end();
    await told("waiting for the next save");
    const run = await stop();
    expect(run, run.err).toMatchObject({ code: 0 });
    expect(run.out).toBe("heard one\nheard two\nunderstood three\nunderstood four\n");
    expect(run.err).toContain("echo FINISHED");
  });
});
