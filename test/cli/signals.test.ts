import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended, interruptAgain, printed, Workplace } from "./workplace.ts";

describe.skipIf(process.platform === "win32")("signals and closed pipes", () => {
  let place: Workplace;

  beforeAll(async () => {
    place = await Workplace.create();
  });

  afterAll(() => place.remove());

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)(
    "%s stops the job: sinks are closed, the summary is shown, and the code is %d",
    async (signal, code) => {
      const child = place.start(["run", "jobs/ticks.ts", "-p", "2"]);
      const end = ended(child);
      await printed(child.stdout, "tick 3\n");
      child.kill(signal);
      const run = await end;
      expect(run, run.err).toMatchObject({ code, signal: null });
      // Somewhere among the last lines: each slot has its own way to the output.
      expect(run.out).toMatch(/^closed$/mu);
      expect(run.err).toMatch(/^stopping.*\nticks CANCELED in /u);
      expect(run.err).toContain("watermark");
    },
  );

  it("stops at once at the second signal, when the job does not, and leaves nothing behind", async () => {
    const temporary = join(place.folder, "temporary");
    mkdirSync(temporary);
    const args = ["run", "jobs/ticks.ts", "-p", "1", "--", "--closing", "1000000"];
    const child = place.start(args, { env: { TMPDIR: temporary } });
    const end = ended(child);
    await printed(child.stdout, "tick 3\n");
    child.kill("SIGINT");
    await printed(child.stdout, "closed\n");
    expect(readdirSync(temporary)).not.toEqual([]);
    await interruptAgain(child);
    const run = await end;
    expect(run).toMatchObject({ code: 130, signal: null });
    expect(run.err).not.toContain("CANCELED");
    expect(readdirSync(temporary).filter((name) => name.startsWith("millrace"))).toEqual([]);
  });

  it("takes signals that come together for one: npm and npx send on what the terminal has sent already", async () => {
    const child = place.start(["run", "jobs/ticks.ts", "-p", "1", "--", "--closing", "300"]);
    const end = ended(child);
    await printed(child.stdout, "tick 3\n");
    // It gets them all at once, however slow the machine is.
    for (const signal of ["SIGSTOP", "SIGINT", "SIGTERM", "SIGINT", "SIGCONT"] as const) child.kill(signal);
    const run = await end;
    expect(run, run.err).toMatchObject({ signal: null });
    expect(run.err).toContain("ticks CANCELED in ");
  });

  it("stops a job that waits for standard input", async () => {
    const child = place.start(["run", "jobs/echo.ts", "-p", "1"], { input: "one\n", keepInput: true });
    const end = ended(child);
    await printed(child.stdout, "heard one\n");
    child.kill("SIGINT");
    const run = await end;
    expect(run, run.err).toMatchObject({ code: 130, signal: null, out: "heard one\n" });
    expect(run.err).toContain("echo CANCELED");
  });

  it("ends quietly when nobody reads its output any more", async () => {
    const child = place.start(["run", "jobs/flood.ts", "-p", "2"]);
    const end = ended(child);
    await printed(child.stdout, "10\n");
    child.stdout.destroy();
    expect(await end).toMatchObject({ code: 141, signal: null, err: "" });
  });
});
