import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ended, printed, Workplace, type Ended } from "./workplace.ts";

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(async () => {
  // Whatever the test has left.
  await place.run(["cluster", "stop"]);
  place.remove();
});

/** Answers what it printed on standard output. */
async function millrace(...args: readonly string[]): Promise<string> {
  const { code, out, err }: Ended = await place.run(args);
  expect({ args, code, err: code === 0 ? "" : err }).toEqual({ args, code: 0, err: "" });
  return out.trim();
}
const json = async (...args: readonly string[]): Promise<never> =>
  JSON.parse(await millrace(...args)) as never;

it(
  "starts a cluster, and runs, watches, upgrades, rescales and ends jobs in it",
  { timeout: 300_000 },
  async () => {
    const ports = ["-D", "rest.port=0", "-D", "jobmanager.rpc.port=0"] as const;
    const started = await millrace("cluster", "start", "-n", "2", "--slots", "2", ...ports);
    expect(started).toMatch(/^cluster at http:\/\/127\.0\.0\.1:\d+: 2 TaskManagers, 4 slots$/mu);
    expect((await place.run(["cluster", "start"])).err).toContain("a cluster that was started here runs");
    expect(await millrace("cluster", "status")).toContain("taskmanager-2");

    const attached = await place.run([
      "run",
      "jobs/resumed-ticks.ts",
      "--target",
      "cluster",
      "-p",
      "2",
      "--",
      "--count",
      "500",
    ]);
    expect(attached.code, attached.err).toBe(0);
    expect(attached.err).toMatch(/ticks FINISHED .*\n {2}in 1,000 records/u);

    // The cluster builds what this process would.
    const info = ["info", "jobs/resumed-ticks.ts", "-p", "2", "--json"] as const;
    const [here, there] = await Promise.all([
      json(...info, "--", "--count", "5"),
      json(...info, "--target", "cluster", "--", "--count", "5"),
    ]);
    expect(there).toEqual(here);

    // A package with compiled code stays outside, and must be there.
    const little = join(place.folder, "node_modules/little");
    mkdirSync(little);
    writeFileSync(join(little, "package.json"), '{ "name": "little", "main": "i.js", "gypfile": true }');
    writeFileSync(join(little, "i.js"), "module.exports = (n) => n * 3;");
    writeFileSync(
      join(place.folder, "jobs/native.ts"),
      'import { job } from "millrace"; import triple from "little";\n' +
        'export default job(import.meta, "native", {}, (env) => void env.fromItems([7]).map((n) => { if (triple(n) !== 21) throw n; return n; }).print());',
    );
    const native = ["run", "jobs/native.ts", "--target", "cluster"] as const;
    const refused = await place.run(native);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining("--external little (or pipe")]);
    mkdirSync(join(place.folder, "conf"));
    writeFileSync(join(place.folder, "conf/config.yaml"), "pipeline.external-packages: little, other\n");
    await millrace(...native, "--conf", "conf", "-D", "pipeline.external-packages=little");
    rmSync(little, { recursive: true });
    const missing = await place.run([...native, "--external", "little"]);
    expect([missing.code, missing.err]).toEqual([
      2,
      expect.stringMatching(/package little is not installed on \S+, for process \d+/u),
    ]);

    // What a user's own code throws is told with its line: while the job is built, and while it runs.
    writeFileSync(
      join(place.folder, "jobs/throws.ts"),
      'import { arg, job } from "millrace";\n' +
        "const fail = (why: string): never => {\n" +
        "  throw new RangeError(why);\n" +
        "};\n" +
        'export default job(import.meta, "throws", { args: { early: arg.int().default(0) } }, (env, { early }) => {\n' +
        '  if (early > 0) fail("not this way");\n' +
        '  void env.fromItems([7]).map((n) => { console.log("got", n); return n === 7 ? fail("no seven") : n; }).print();\n' +
        "});\n",
    );
    const throws = ["run", "jobs/throws.ts", "--target", "cluster"] as const;
    const early = await place.run([...throws, "--", "--early", "1"]);
    expect(early.code).toBe(2);
    expect(early.err).toMatch(
      /RangeError: not this way\n {4}at fail \(jobs\/throws\.ts:3:9\)\n {4}at jobs\/throws\.ts:6/u,
    );
    const thrown = await place.run(throws);
    expect(thrown.code).toBe(1);
    expect(thrown.err).toMatch(/RangeError: no seven\n {2}record: 7\n {4}at fail \(jobs\/throws\.ts:3:9\)/u);
    const failed = await millrace("status", "throws");
    expect(failed).toMatch(
      /^throws FAILED after .*\n[^]* no seven\n +record: 7\n +at fail \(jobs\/throws\.ts:3:9\)/u,
    );
    // Also when it has ended, and has no slots any more.
    expect(await millrace("logs", "throws", "-n", "5")).toContain("got 7");
    expect(await millrace("logs", "taskmanager-1")).toContain("TaskManager taskmanager-1-");

    const endless = ["run", "jobs/resumed-ticks.ts", "--target", "cluster", "--detached", "-p", "1"] as const;
    const checkpoints = ["--checkpoint-interval", "500 ms", "--checkpoint-dir", "cp"] as const;
    const id = await millrace(...endless, ...checkpoints, "--", "--count", "1000000");
    expect(id).toMatch(/^[0-9a-f]{32}$/u);
    expect(await millrace("list")).toContain(id);
    expect(await millrace("checkpoint", "ticks")).toMatch(/^checkpoint \d+ completed$/u);
    const savepoint = await millrace("savepoint", id.slice(0, 8), "sp");
    expect(existsSync(join(savepoint, "_metadata"))).toBe(true);
    expect(await millrace("rescale", "ticks", "-p", "2")).toContain("1 -> 2");
    const status = (await json("status", id, "--json")) as {
      details: { state: string; vertices: { parallelism: number }[] };
    };
    expect(status.details.state).toBe("RUNNING");
    expect(status.details.vertices.map(({ parallelism }) => parallelism)).toEqual([2, 2]);
    expect(await millrace("logs", "ticks")).toContain("opened");
    expect(await millrace("cancel", id)).toBe("ticks CANCELED");

    const again = await millrace(...endless, "-s", savepoint, "--", "--count", "1000000");
    const nowhere = await place.run(["stop", again]);
    expect([nowhere.code, nowhere.err]).toEqual([
      2,
      expect.stringMatching(/nobody says where the savepoint goes\nhelp: Give a folder \(millrace stop /u),
    ]);
    const { path } = (await json("stop", again, "--savepoint-dir", "sp", "--json")) as { path: string };
    expect(readFileSync(join(path, "_metadata")).length).toBeGreaterThan(0);
    const jobs = (await json("list", "-a", "--json")) as { state: string }[];
    expect(jobs.map(({ state }) => state)).toEqual([
      "FINISHED",
      "CANCELED",
      "FAILED",
      "FINISHED",
      "FINISHED",
    ]);

    // Ctrl-C ends what is shown, not the job.
    const watched = place.start([
      "run",
      "jobs/resumed-ticks.ts",
      "--target",
      "cluster",
      "--",
      "--count",
      "1000000",
    ]);
    const left = ended(watched);
    await printed(watched.stderr, "leaves it running");
    watched.kill("SIGINT");
    expect(await left).toMatchObject({ code: 130, err: expect.stringContaining("the job goes on") });
    expect(await millrace("cancel", "ticks")).toBe("ticks CANCELED");

    const unknown = await place.run(["cancel", "nothing"]);
    expect([unknown.code, unknown.err]).toEqual([
      2,
      expect.stringContaining("the cluster has no job nothing"),
    ]);
    const unbuilt = await place.run([
      "run",
      "jobs/resumed-ticks.ts",
      "--target",
      "cluster",
      "--",
      "--cuont",
      "1",
    ]);
    expect([unbuilt.code, unbuilt.err]).toEqual([2, expect.stringContaining("--count")]);

    expect(await millrace("cluster", "stop")).toBe("ended 3 processes");
    const gone = await place.run(["list", "-m", "127.0.0.1:1"]);
    expect([gone.code, gone.err]).toEqual([3, expect.stringContaining("no JobManager answers")]);
  },
);
