import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectedOutput, newestCheckpoint, readOutput, writeInput } from "./crash-run.ts";
import { fromSources } from "./from-sources.ts";

const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** A process that runs the job. */
interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  said(): string;
}

describe.skipIf(process.platform === "win32")(
  "a process that stood still while another took its place",
  () => {
    let folder: string;
    let runs: Run[] = [];
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "millrace-fencing-"));
      writeInput(join(folder, "input"), 3000);
    });
    afterEach(async () => {
      for (const { child } of runs) child.kill("SIGKILL");
      await Promise.all(runs.map(({ ended }) => ended));
      runs = [];
      await rm(folder, { recursive: true, force: true });
    });

    const checkpoints = (): string => join(folder, "checkpoints");
    /** Until it is there, none of them comes to its end. */
    const hurry = (): string => join(folder, "hurry");

    function start(settings: readonly string[], from?: string): Run {
      const { command, cwd, env, job } = fromSources("totals");
      const flags = [
        "execution.checkpointing.interval=40 ms",
        `execution.checkpointing.dir=${checkpoints()}`,
      ];
      const child = spawn(
        command[0] as string,
        [
          ...command.slice(1),
          "run",
          job,
          "-p",
          "2",
          ...[...flags, ...settings].flatMap((setting) => ["-D", setting]),
          ...(from === undefined ? [] : ["-s", from, "--claim"]),
          "--",
          "--input",
          join(folder, "input"),
          "--output",
          join(folder, "output"),
          "--spin=700",
          `--hurry=${hurry()}`,
          "--at-most=300",
        ],
        { cwd, env, stdio: ["ignore", "pipe", "pipe"] },
      );
      let said = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
      const ended = once(child, "close").then(([code]) => code as number | null);
      const run = { child, ended, said: () => said };
      runs.push(run);
      return run;
    }

    /** Starts the job, lets it take some checkpoints, and stops its process. */
    async function stopped(settings: readonly string[]): Promise<{ stale: Run; from: string }> {
      const stale = start(settings);
      let first: string | undefined;
      for (let newest: string | undefined; first === undefined || newest === first; await aMoment()) {
        newest = newestCheckpoint(checkpoints());
        first ??= newest;
      }
      stale.child.kill("SIGSTOP");
      // It may have been removing the one before.
      await aMoment();
      return { stale, from: newestCheckpoint(checkpoints()) as string };
    }

    it.each([
      ["as soon as it is replaced, while the other one works", "early", []],
      ["when the other one is through", "late", []],
      [
        "although it tolerates failed checkpoints, with RocksDB",
        "early",
        ["state.backend.type=rocksdb", "execution.checkpointing.tolerable-failed-checkpoints=1000"],
      ],
    ] as const)(
      "does no harm when it goes on %s",
      async (_, when, settings) => {
        const { stale, from } = await stopped(settings);
        const successor = start(settings, from);
        const claimed = join(dirname(from), "owner-2");
        if (when === "early")
          while (!existsSync(claimed) && successor.child.exitCode === null) await aMoment();
        else {
          writeFileSync(hurry(), "");
          await successor.ended;
        }
        stale.child.kill("SIGCONT");
        await stale.ended;
        if (when === "early") writeFileSync(hurry(), "");
        expect([await successor.ended, await stale.ended], `${successor.said()}\n${stale.said()}`).toEqual([
          0, 1,
        ]);
        expect(stale.said()).toContain("FENCED");
        expect(stale.said()).not.toContain("started again");
        // Whose folder has been removed with all that was in it, or has no word in it yet, can't say who it was.
        const who = `taken over by (process ${successor.child.pid} on|another process)|another process took them over`;
        expect(stale.said()).toMatch(new RegExp(who, "u"));
        expect(readOutput(join(folder, "output"))).toEqual(expectedOutput(join(folder, "input")));
      },
      300_000,
    );

    it("leaves nothing behind that its successor does not remove, when it is killed", async () => {
      const hidden = (): readonly string[] =>
        readdirSync(join(folder, "output")).filter((name) => name.startsWith("."));
      const { stale } = await stopped([]);
      // Between a commit and the next record there is none.
      while (hidden().length === 0) {
        stale.child.kill("SIGCONT");
        await aMoment();
        stale.child.kill("SIGSTOP");
      }
      stale.child.kill("SIGKILL");
      await stale.ended;
      const from = newestCheckpoint(checkpoints()) as string;
      writeFileSync(hurry(), "");
      const successor = start([], from);
      expect(await successor.ended, successor.said()).toBe(0);
      expect(hidden()).toEqual([]);
      // The one before, and files of one that was underway, may be there: who claimed the last one knows nothing of them.
      expect(existsSync(from)).toBe(false);
      expect(readOutput(join(folder, "output"))).toEqual(expectedOutput(join(folder, "input")));
    }, 300_000);
  },
);
