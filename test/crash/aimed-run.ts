import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startAttempt } from "./attempt.ts";
import { newestCheckpoint, readOutput, writeInput } from "./crash-run.ts";
import { DIE_AT } from "./death.ts";
import type { Death } from "./death.ts";
import { fromSources } from "./from-sources.ts";

/** A part of the file sink gets its final name. */
const PART = "output/part-[^/]*$";
const METADATA = "chk-\\d+/_metadata$";

const at = (moment: Death["moment"], path: string, nth = 1, step: Death["step"] = "rename"): Death => ({
  moment,
  step,
  path,
  nth,
});

/** Deaths of processes, one after the other; the one that follows them comes to its end. */
export interface Scenario {
  /** "killed ..." */
  readonly name: string;
  /** Checkpoints every so often, or only the one at the end of input, which all tasks end with. */
  readonly interval: "40 ms" | "1 h";
  readonly deaths: readonly Death[];
}

/** Deaths at the steps between a checkpoint's last acknowledgement and the last of its commits. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "before and after a checkpoint is recorded, and in the middle of commits",
    interval: "40 ms",
    deaths: [at("before", METADATA, 2), at("after", METADATA, 2), at("after", PART), at("before", PART, 2)],
  },
  {
    name: "after the last checkpoint is recorded, before anything of it is committed",
    interval: "1 h",
    deaths: [at("before", METADATA), at("after", METADATA)],
  },
  {
    name: "in the middle of the last commits, and of those of the restart",
    interval: "1 h",
    deaths: [at("after", PART, 2), at("before", PART)],
  },
];

/** More of them, which take longer. */
export const MORE_SCENARIOS: readonly Scenario[] = [
  {
    name: "in the middle of commits again and again",
    interval: "40 ms",
    deaths: [
      at("after", PART, 2),
      at("after", PART),
      at("before", PART),
      at("after", PART, 3),
      at("before", PART, 2),
    ],
  },
  {
    name: "whenever a checkpoint has been recorded",
    interval: "40 ms",
    deaths: [1, 2, 2, 1, 1].map((nth) => at("after", METADATA, nth)),
  },
  {
    name: "while older checkpoints are removed",
    interval: "40 ms",
    deaths: [
      at("before", METADATA, 1, "unlink"),
      at("after", METADATA, 2, "unlink"),
      at("after", "shared/", 1, "unlink"),
    ],
  },
  {
    name: "while the last checkpoint is removed",
    interval: "1 h",
    deaths: [at("before", METADATA, 1, "unlink")],
  },
];

/**
 * Runs the job `totals` through a scenario; each process starts from the newest complete checkpoint. Answers what the job has written in the
 * end, and how many folders its runs have left among the checkpoints.
 *
 * @throws when a process ends in another way than it should
 */
export async function aimedRun(
  folder: string,
  { interval, deaths }: Scenario,
  { records, settings }: { readonly records: number; readonly settings: readonly string[] },
): Promise<{ readonly lines: readonly string[]; readonly left: number }> {
  const [input, output, checkpoints, hurry] = ["input", "output", "checkpoints", "hurry"].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  const atMost = String(Math.ceil(records / (deaths.length + 2) / 3));
  writeInput(input, records);
  const preload = new URL("./die-at.ts", import.meta.url).href;
  for (const [attempt, death] of [...deaths, undefined].entries()) {
    // With checkpoints all the time, a process goes on until it comes to its death.
    if (death === undefined || interval === "1 h") writeFileSync(hurry, "");
    const { ended } = startAttempt(fromSources("totals"), {
      parallelism: [2, 1, 3][attempt % 3] as number,
      from: newestCheckpoint(checkpoints),
      settings: [
        `execution.checkpointing.interval=${interval}`,
        `execution.checkpointing.dir=${checkpoints}`,
        ...settings,
      ],
      args: ["--input", input, "--output", output, "--spin", "60", "--hurry", hurry, "--at-most", atMost],
      env: {
        NODE_OPTIONS: `--import=${preload}`,
        ...(death === undefined ? {} : { [DIE_AT]: JSON.stringify(death) }),
      },
    });
    const { code, signal, said } = await ended;
    if (death === undefined ? code !== 0 : signal !== "SIGKILL")
      throw new Error(
        `attempt ${attempt} ended with ${code ?? signal}${death === undefined ? "" : `, expected it to die ${JSON.stringify(death)}`}:\n${said}`,
      );
  }
  return { lines: readOutput(output), left: existsSync(checkpoints) ? readdirSync(checkpoints).length : 0 };
}
