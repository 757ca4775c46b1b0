import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended, interruptAgain, printed, Workplace, type Ended } from "./workplace.ts";

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");
const jsons = (text: string): Record<string, unknown>[] =>
  lines(text).map((line) => JSON.parse(line) as Record<string, unknown>);

/** What `jobs/counts.ts` prints of the numbers up to `to`, from `from` on, when nothing is lost or doubled. */
const counts = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => from + i).map(
    (n) => `${n}: ${Math.floor(n / 3) + 1} of ${n % 3}`,
  );

/** Numbers of the source of `jobs/counts.ts`: of half a minute, for a job that is to be stopped before its end. */
const COUNT = 1500;
/** Takes the rest of them at once. */
const ON = ["--rate", "100000", "--count", String(COUNT)];

describe.skipIf(process.platform === "win32")("savepoints on the command line", () => {
  let place: Workplace;
  /** A savepoint of jobs/counts.ts, relative to the workplace, and what the job had printed before it. */
  let savepoint: string;
  let before: Ended;

  /** Runs jobs/counts.ts until it has printed `text`, and until `also` is true, then sends it a signal. */
  async function stopped(
    args: readonly string[],
    text: string,
    signal: NodeJS.Signals = "SIGINT",
    also: () => boolean = () => true,
  ): Promise<Ended> {
    const child = place.start(["run", "jobs/counts.ts", "-p", "1", ...args, "--", "--count", String(COUNT)]);
    const end = ended(child);
    await printed(child.stdout, text);
    while (!also() && child.exitCode === null) await setTimeout(10);
    child.kill(signal);
    return end;
  }

  /** The checkpoints of the only job in a folder that are complete, the newest last; relative to the workplace. */
  function checkpointsIn(folder: string): readonly string[] {
    const below = join(place.folder, folder);
    const [job] = existsSync(below) ? readdirSync(below) : [];
    if (job === undefined) return [];
    return readdirSync(join(below, job))
      .filter((name) => name.startsWith("chk-") && existsSync(join(below, job, name, "_metadata")))
      .sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)))
      .map((name) => join(folder, job, name));
  }

  beforeAll(async () => {
    place = await Workplace.create();
    before = await stopped(["--savepoint-on-exit", "savepoints"], "\n10: ");
    savepoint = /^savepoint: (?<path>\S+)$/mu.exec(before.err)?.groups?.["path"] ?? before.err;
  });

  afterAll(() => place.remove());

  describe("run --savepoint-on-exit", () => {
    it("stops the job with a savepoint at Ctrl-C, tells its folder and ends with 0", () => {
      expect(before, before.err).toMatchObject({ code: 0, signal: null });
      expect(before.err).toMatch(
        /^stopping with a savepoint.*\nsavepoint: savepoints\/savepoint-\S+\ncounts FINISHED in /u,
      );
      expect(readdirSync(join(place.folder, savepoint))).toContain("_metadata");
      expect(lines(before.out)).toEqual(counts(0, lines(before.out).length));
    });

    it("goes on from it with nothing lost and nothing doubled", async () => {
      const from = lines(before.out).length;
      const run = await place.run(["run", "jobs/counts.ts", "-p", "2", "-q", "-s", savepoint, "--", ...ON]);
      expect(run, run.err).toMatchObject({ code: 0, err: "" });
      expect(lines(run.out).sort()).toEqual(counts(from, COUNT).sort());
    });

    it("takes the folder that the settings name, else savepoints, at SIGTERM, too; tells it in JSON and however quiet", async () => {
      const json = await stopped(
        ["--savepoint-on-exit", "--json", "-D", "execution.checkpointing.savepoint-dir=configured"],
        "\n3: ",
        "SIGTERM",
      );
      expect(json, json.err).toMatchObject({ code: 0 });
      const [told, summary] = jsons(json.err).filter(({ type }) => type !== "progress");
      expect(told).toMatchObject({ type: "savepoint", job: "counts" });
      expect(String(told?.["path"])).toContain(join(place.folder, "configured/savepoint-"));
      expect(summary).toMatchObject({ type: "summary", status: "FINISHED" });
      const quiet = await stopped(["--savepoint-on-exit", "-q"], "\n3: ");
      expect(quiet).toMatchObject({
        code: 0,
        err: expect.stringMatching(/^savepoint: savepoints\/savepoint-\S+\n$/u),
      });
    });

    it("ends the input for good with --drain: nothing can go on from that", async () => {
      const run = await stopped(["-q", "--savepoint-on-exit", "drained", "--drain"], "\n3: ");
      const path = /^savepoint: (?<path>\S+)$/mu.exec(run.err)?.groups?.["path"] ?? "";
      expect(run, run.err).toMatchObject({ code: 0 });
      const shown = await place.run(["savepoint", "inspect", path]);
      expect(shown.out).toMatch(/^savepoint \d+ of "counts", drained: no job can go on from it\n/u);
      const on = await place.run(["run", "jobs/counts.ts", "-s", path]);
      expect(on).toMatchObject({ code: 2, out: "" });
      expect(on.err).toContain("its input counts as ended for good");
    });

    it("says why there is none, and lets the job go on until the next signal", async () => {
      writeFileSync(join(place.folder, "no-folder"), "");
      const child = place.start(["run", "jobs/counts.ts", "-p", "1", "--savepoint-on-exit", "no-folder"]);
      const end = ended(child);
      await printed(child.stdout, "\n3: ");
      child.kill("SIGINT");
      await printed(child.stderr, "the job goes on");
      await interruptAgain(child);
      const run = await end;
      expect(run).toMatchObject({ code: 130, signal: null });
      expect(run.err).toMatch(/error\[CHECKPOINT_STORAGE_FAILED\]/u);
      expect(run.err).toContain("counts CANCELED");
      const term = await stopped(["--savepoint-on-exit", "no-folder"], "\n3: ", "SIGTERM");
      expect(term).toMatchObject({ code: 143, signal: null });
    });
  });

  it("cancels the job at the second Ctrl-C, when the savepoint takes too long", async () => {
    const settings = ["-D", "task.cancellation.timeout=100 ms", "--savepoint-on-exit"];
    const child = place.start(["run", "jobs/stuck.ts", "-p", "1", ...settings]);
    const end = ended(child);
    await printed(child.stdout, "tick 3\n");
    child.kill("SIGINT");
    await printed(child.stderr, "stopping with a savepoint");
    await interruptAgain(child);
    const run = await end;
    expect(run, run.err).toMatchObject({ code: 130, signal: null });
    expect(run.err).toMatch(/\nstopping; once more to stop at once\n/u);
    expect(run.err).toContain("stuck CANCELED in ");
    expect(run.err).not.toMatch(/^savepoint: /mu);
  });

  describe("run -s", () => {
    it("says that there is no savepoint, or why the job can't start from it, before anything runs", async () => {
      const none = await place.run(["run", "jobs/counts.ts", "-s", "savepoints/none"]);
      expect(none).toMatchObject({ code: 2, out: "" });
      expect(none.err).toMatch(/^error\[SAVEPOINT_NOT_FOUND\]/u);
      const other = await place.run(["run", "jobs/numbers.ts", "-s", savepoint, "--", "--up-to", "3"]);
      expect(other).toMatchObject({ code: 2, out: "" });
      expect(other.err).toMatch(
        /^error\[RESTORE_REFUSED\]: job "numbers" can't start from .*, for 2 reasons:\n {2}1\. /u,
      );
      expect(other.err).toContain(
        'operator "count" (uid "count"): the savepoint has state of it, a keyedProcess operator',
      );
      const allowed = await place.run([
        "run",
        "jobs/numbers.ts",
        "-q",
        "-n",
        "-p",
        "1",
        "-s",
        savepoint,
        "--",
        "--up-to",
        "3",
      ]);
      expect(allowed).toMatchObject({ code: 0, out: "n 2\nn 4\nn 6\n" });
    });

    it("is taken by a job that is run by node, too", async () => {
      const from = lines(before.out).length;
      const run = await place.node(["jobs/counts.ts", "-q", "-p", "1", "-s", savepoint, "--", ...ON]);
      expect(run, run.err).toMatchObject({ code: 0, err: "" });
      expect(lines(run.out)).toEqual(counts(from, COUNT));
      const mixed = await place.node(["jobs/counts.ts", "-s", savepoint, "--count", "40"]);
      expect(mixed).toMatchObject({ code: 2, err: expect.stringContaining('come after "--"') });
    });
  });

  describe("checkpoints", () => {
    it("let a job that fails go on; restarts and checkpoints are told", async () => {
      const run = await place.run([
        "run",
        "jobs/counts.ts",
        "-p",
        "2",
        "--checkpoint-interval",
        "50 ms",
        "--checkpoint-dir",
        "checkpoints",
        "-D",
        "restart-strategy.exponential-delay.initial-backoff=10 ms",
        "--",
        "--count",
        "60",
        "--fail",
        "40",
      ]);
      expect(run, run.err).toMatchObject({ code: 0 });
      // What was printed after the last checkpoint is printed again; each number has its right count.
      expect(new Set(lines(run.out))).toEqual(new Set(counts(0, 60)));
      expect(run.err).toMatch(/40 is too much/u);
      expect(run.err).toMatch(/\n {2}\d+ checkpoints?.*, 1 restart \(tasks count anew after one\)\n/u);
    });
  });

  describe("savepoint inspect", () => {
    it("shows operators and states", async () => {
      const run = await place.run(["savepoint", "inspect", savepoint]);
      expect(run, run.err).toMatchObject({ code: 0, err: "" });
      expect(run.out).toMatch(/^savepoint \d+ of "counts", stopped with it\n {2}savepoints\/savepoint-/u);
      expect(run.out).toMatch(/^count +count +keyedProcess +1 .* 128 +number /mu);
      expect(run.out).toMatch(/^count\/seen +value +3 .* 3 +int$/mu);
      const json = await place.run(["savepoint", "inspect", `${savepoint}/_metadata`, "--json"]);
      expect(JSON.parse(json.out)).toMatchObject({
        job: "counts",
        stop: "stop",
        path: join(place.folder, savepoint),
        operators: [
          { uid: "numbers", splits: 1 },
          { uid: "count", states: [{ name: "seen", rows: 3 }] },
          {},
          {},
        ],
      });
    });

    it("prints the entries of a state as JSON lines", async () => {
      const run = await place.run(["savepoint", "inspect", savepoint, "--read", "count/seen"]);
      expect(run, run.err).toMatchObject({ code: 0, err: "" });
      const n = lines(before.out).length;
      expect(jsons(run.out).toSorted((a, b) => Number(a["key"]) - Number(b["key"]))).toMatchObject(
        [0, 1, 2].map((rest) => ({ key: rest, value: Math.ceil((n - rest) / 3) })),
      );
      const wrong = await place.run(["savepoint", "inspect", savepoint, "--read", "count/sen"]);
      expect(wrong).toMatchObject({ code: 2, out: "" });
      expect(wrong.err).toContain("Did you mean count/seen?");
    });

    it("prints large states as they are read, until nobody reads on", async () => {
      const job = place.start(["run", "jobs/many.ts", "-p", "2", "-q", "--savepoint-on-exit", "large"]);
      const stop = ended(job);
      await printed(job.stdout, "all keys\n");
      job.kill("SIGINT");
      const path = /savepoint: (?<path>\S+)/u.exec((await stop).err)?.groups?.["path"] ?? "";
      const whole = await place.run(["savepoint", "inspect", path, "--read", "keys/latest"]);
      expect(whole, whole.err).toMatchObject({ code: 0, err: "" });
      expect(new Set(jsons(whole.out).map(({ key }) => key)).size).toBe(50_000);
      const child = place.start(["savepoint", "inspect", path, "--read", "keys/latest"]);
      const end = ended(child);
      await printed(child.stdout, '"value"');
      child.stdout.destroy();
      expect(await end).toMatchObject({ code: 141, signal: null, err: "" });
    });

    it("names the file that is damaged", async () => {
      const { out } = await place.run(["savepoint", "inspect", savepoint, "--json"]);
      expect(JSON.parse(out)).toMatchObject({ kind: "savepoint" });
      const damaged = join(place.folder, "damaged");
      writeFileSync(damaged, "");
      const copy = join(place.folder, "savepoints/damaged");
      await place.node([
        "-e",
        `require("fs").cpSync(${JSON.stringify(join(place.folder, savepoint))}, ${JSON.stringify(copy)}, { recursive: true })`,
      ]);
      const bytes = readFileSync(join(copy, "_metadata"));
      bytes[Math.floor(bytes.length / 2)]! ^= 0x40;
      writeFileSync(join(copy, "_metadata"), bytes);
      const run = await place.run(["savepoint", "inspect", "savepoints/damaged"]);
      expect(run).toMatchObject({ code: 1, out: "" });
      expect(run.err).toMatch(/^error\[CHECKPOINT_CORRUPT\].*_metadata/u);
      expect(await place.run(["savepoint", "check", "savepoints/damaged", "jobs/counts.ts"])).toMatchObject({
        code: 2,
      });
    });
  });

  describe("a checkpoint that is not the newest", () => {
    const settings = [
      "execution.checkpointing.interval=30 ms",
      "execution.checkpointing.dir=retained",
      "execution.checkpointing.num-retained=2",
      "execution.checkpointing.externalized-checkpoint-retention=RETAIN_ON_CANCELLATION",
    ].flatMap((setting) => ["-D", setting]);

    it("is started from, and checked, with a warning", async () => {
      await stopped(settings, "\n3: ", "SIGINT", () => checkpointsIn("retained").length > 1);
      const [older, newest] = checkpointsIn("retained").slice(-2) as [string, string];
      const told = `a newer one is complete beside it: ${join(place.folder, newest)}`;
      const check = await place.run(["savepoint", "check", older, "jobs/counts.ts"]);
      expect(check, check.err).toMatchObject({ code: 0 });
      // Lines are wrapped.
      expect(check.out.replaceAll(/\s+/gu, " ")).toContain(
        "is not the newest: a newer one is complete beside it",
      );
      const json = await place.run(["savepoint", "check", older, "jobs/counts.ts", "--json"]);
      expect(JSON.parse(json.out)).toMatchObject({ fits: true, newer: expect.stringContaining(told) });
      const same = await place.run(["savepoint", "check", newest, "jobs/counts.ts", "--json"]);
      expect(JSON.parse(same.out)).toMatchObject({ fits: true, newer: null });
      for (const claim of [[], ["--claim"]]) {
        const run = await place.run(["run", "jobs/counts.ts", "-p", "1", "-s", older, ...claim, "--", ...ON]);
        expect(run, run.err).toMatchObject({ code: 0, err: expect.stringContaining(told) });
      }
    });
  });

  describe("savepoint check", () => {
    it("answers 0 for a job that can start from it, without running it", async () => {
      const run = await place.run(["savepoint", "check", savepoint, "jobs/counts.ts", "-p", "4"]);
      expect(run, run.err).toMatchObject({ code: 0, err: "" });
      expect(run.out).toMatch(/^"counts" can start from savepoints\/savepoint-\S+\n/u);
    });

    it("answers 1 for one that can't, with every reason", async () => {
      const args = ["savepoint", "check", savepoint, "jobs/numbers.ts"];
      const run = await place.run([...args, "--", "--up-to", "3"]);
      expect(run, run.err).toMatchObject({ code: 1, err: "" });
      expect(run.out).toMatch(/^"numbers" can't start from .*: 2 mismatches\nit was taken of "counts"\n/u);
      expect(run.out).toContain("  2. operator");
      const json = await place.run([...args, "--json", "--", "--up-to", "3"]);
      expect(json.code).toBe(1);
      expect(JSON.parse(json.out)).toMatchObject({
        fits: false,
        mismatches: [
          { kind: "operator-missing", uid: "numbers" },
          { kind: "operator-missing", uid: "count" },
        ],
      });
      const allowed = await place.run([...args, "-n", "--", "--up-to", "3"]);
      expect(allowed.code).toBe(0);
      expect(allowed.out).toContain("its state is left behind");
    });

    it("answers 2 where the two can't be compared", async () => {
      expect(await place.run(["savepoint", "check", "none", "jobs/counts.ts"])).toMatchObject({
        code: 2,
        out: "",
      });
      expect(await place.run(["savepoint", "check", savepoint, "jobs/none.ts"])).toMatchObject({
        code: 2,
        out: "",
      });
      expect(await place.run(["savepoint", "check", savepoint, "jobs/numbers.ts"])).toMatchObject({
        code: 2,
        out: "",
      });
    });
  });

  describe("savepoint dispose", () => {
    it("removes a savepoint and what is its own", async () => {
      const run = await stopped(["--savepoint-on-exit", "disposable"], "\n3: ");
      const path = /^savepoint: (?<path>\S+)$/mu.exec(run.err)?.groups?.["path"] ?? run.err;
      writeFileSync(join(place.folder, path, "notes.txt"), "mine");
      const disposed = await place.run(["savepoint", "dispose", path]);
      expect(disposed, disposed.err).toMatchObject({ code: 0, err: "" });
      expect(disposed.out).toMatch(
        /^removed savepoint \d+ of "counts", disposable\/savepoint-.*; its folder stays/u,
      );
      expect(readdirSync(join(place.folder, path))).toEqual(["notes.txt"]);
      const again = await place.run(["savepoint", "dispose", path]);
      expect(again).toMatchObject({ code: 2, err: expect.stringMatching(/^error\[SAVEPOINT_NOT_FOUND\]/u) });
      expect(existsSync(join(place.folder, path, "notes.txt"))).toBe(true);
    });

    it("refuses folders that are none, and checkpoints of jobs", async () => {
      expect(await place.run(["savepoint", "dispose", "jobs"])).toMatchObject({ code: 2 });
      expect(existsSync(join(place.folder, "jobs/counts.ts"))).toBe(true);
      const args = ["--checkpoint-interval", "50 ms", "--checkpoint-dir", "kept"];
      const retained = "execution.checkpointing.externalized-checkpoint-retention=RETAIN_ON_CANCELLATION";
      await stopped([...args, "-D", retained], "\n3: ", "SIGINT", () => checkpointsIn("kept").length > 0);
      const path = checkpointsIn("kept").at(-1) ?? "";
      const refused = await place.run(["savepoint", "dispose", path]);
      expect(refused).toMatchObject({ code: 2, out: "" });
      expect(refused.err).toMatch(/is a checkpoint of a job, no savepoint/u);
      expect(await place.run(["savepoint", "inspect", path])).toMatchObject({
        code: 0,
        out: expect.stringMatching(/^checkpoint \d+ of "counts"\n/u),
      });
      const on = await place.run(["run", "jobs/counts.ts", "-q", "-p", "1", "-s", path, "--", ...ON]);
      expect(on, on.err).toMatchObject({ code: 0 });
      expect(lines(on.out).at(-1)).toBe(counts(COUNT - 1, COUNT)[0]);
    });
  });
});
