/*
 * Runs the benchmarks one after the other, each in a process of its own, so that none pollutes another's inline caches:
 *
 *     npm run bench            all of them
 *     npm run bench -- chain   those whose name contains "chain"
 *     npm run bench -- checkpoint --large   options go on to the benchmarks
 */
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const isOption = (argument: string): boolean => argument.startsWith("--");
const wanted = process.argv.slice(2).filter((argument) => !isOption(argument));
const options = process.argv.slice(2).filter(isOption);
const files = readdirSync(folder)
  .filter(
    (name) =>
      name.endsWith(".bench.ts") && (wanted.length === 0 || wanted.some((word) => name.includes(word))),
  )
  .sort();

console.log(
  `Node ${process.version}, ${availableParallelism()} cores, ${cpus()[0]?.model ?? "unknown processor"}`,
);
let failed = 0;
for (const file of files) {
  console.log(`\n${file.replace(".bench.ts", "")}`);
  const { status } = spawnSync(process.execPath, [`${folder}${file}`, ...options], {
    stdio: "inherit",
    timeout: 1_800_000,
  });
  if (status !== 0) failed++;
}
if (files.length === 0) console.error(`no benchmark's name contains ${wanted.join(" or ")}`);
process.exitCode = failed === 0 && files.length > 0 ? 0 : 1;
