/*
 * The entry of the command line, `millrace`: runs when it is imported.
 */
import { parseCommandLine } from "./command-line/parse-command-line.ts";
import { runProcess } from "./command-process.ts";
import { packageVersion } from "./version.ts";

await runProcess(
  () => parseCommandLine(process.argv.slice(2), packageVersion),
  async () => (await import("./load-engine.ts")).engine,
);
