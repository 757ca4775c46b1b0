/*
 * Runs the benchmarks one after the other, each in a process of its own, so that none pollutes another's inline caches:
 *
 *     npm run bench            all of them
 *     npm run bench -- chain   those whose name contains "chain"
 */
import { spawnSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const wanted = process.argv.slice(2);
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
  const { status } = spawnSync(process.execPath, [`${folder}${file}`], {
    stdio: "inherit",
    timeout: 600_000,
  });
  if (status !== 0) failed++;
}
if (files.length === 0) console.error(`no benchmark's name contains ${wanted.join(" or ")}`);
process.exitCode = failed === 0 && files.length > 0 ? 0 : 1;
