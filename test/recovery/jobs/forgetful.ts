import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { arg, job } from "millrace";
import { countDigits } from "../../testing/count-digits.ts";

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
    const numbers = env
      .generate({ generate: (i) => i, count: COUNT, ratePerSecond: 1500 })
      .keyBy((n) => n % 10)
      .map((n) => {
        if (n % 50 === 49) forget(checkpoints);
        return n;
      });
    countDigits(numbers, output);
  },
);

function forget(checkpoints: string): void {
  const [job = ""] = readdirSync(checkpoints);
  const shared = join(checkpoints, job, "shared");
  const recorded = readdirSync(join(checkpoints, job)).some((name) =>
    existsSync(join(checkpoints, job, name, "_metadata")),
  );
  // Beside the state, so that its folder is not empty.
  const trace = join(shared, "forgotten");
  if (!recorded || existsSync(trace)) return;
  writeFileSync(trace, "");
  for (const name of readdirSync(shared).filter((path) => /-[0-9a-f]{24}$/u.test(path)))
    rmSync(join(shared, name), { force: true });
  process.exit(1);
}
