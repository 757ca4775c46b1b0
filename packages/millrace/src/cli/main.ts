/*
 * The entry of the command line, `millrace`: runs when it is imported.
 */
import { parsePlainRun } from "./command-line/parse-plain-run.ts";
import type { Request } from "./command-line/requests.ts";
import { runProcess } from "./command-process.ts";
import { packageVersion } from "./version.ts";

await runProcess(
  () => readCommandLine(process.argv.slice(2)),
  async () => (await import("./load-engine.ts")).engine,
);

async function readCommandLine(argv: readonly string[]): Promise<Request> {
  const plain = parsePlainRun(argv);
  if (plain !== undefined) return plain;
  const { parseCommandLine } = await import("./command-line/parse-command-line.ts");
  return parseCommandLine(argv, packageVersion);
}
