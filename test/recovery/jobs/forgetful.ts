import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { arg, generatorSource, job, WatermarkStrategy } from "millrace";
import { countDigits } from "../../testing/count-digits.ts";
import { heldSource } from "../../testing/held-source.ts";

export const COUNT = 1500;

/**
 * Counts numbers by their last digit into files. Once there is a checkpoint, the thread of one of its tasks removes all state from
 * `checkpoints`, and ends.
 */
export default job(
  import.meta,
  "forgetful",
  { args: { output: arg.path(), checkpoints: arg.path() } },
  (env, { output, checkpoints }) => {
    const source = heldSource(generatorSource({ generate: (i) => i, count: COUNT }), {
      holds: () => !isRecorded(checkpoints),
      first: (parallelism) => COUNT / 2 / parallelism,
    });
    const numbers = env
      .fromSource(source, WatermarkStrategy.noWatermarks<number>(), "numbers")
      .keyBy((n) => n % 10)
      .map((n) => {
        if (n % 50 === 49) forget(checkpoints);
        return n;
      });
    countDigits(numbers, output);
  },
);

/** Whether there is a checkpoint, or was one. */
function isRecorded(checkpoints: string): boolean {
  const [job = ""] = readdirSync(checkpoints);
  return readdirSync(join(checkpoints, job)).some((name) =>
    existsSync(join(checkpoints, job, name, "_metadata")),
  );
}

function forget(checkpoints: string): void {
  if (!isRecorded(checkpoints)) return;
  const [job = ""] = readdirSync(checkpoints);
  const shared = join(checkpoints, job, "shared");
  try {
    // Beside the state, so that its folder is not empty. Of two threads that come here only one makes it.
    writeFileSync(join(shared, "forgotten"), "", { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    throw error;
  }
  for (const name of readdirSync(shared).filter((path) => /-[0-9a-f]{24}$/u.test(path)))
    rmSync(join(shared, name), { force: true });
  process.exit(1);
}
