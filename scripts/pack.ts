/**
 * Packs the packages as they are published, from staging folders. Build first.
 *
 *     npm run pack                  tarballs in temp/packed
 *     npm run pack -- --out folder  somewhere else
 */
import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { PACKAGES } from "./build/entries.ts";
import { stage } from "./build/stage.ts";

const root = dirname(import.meta.dirname);
const { values } = parseArgs({ options: { out: { type: "string", default: join(root, "temp/packed") } } });
const out = resolve(values.out);
await mkdir(out, { recursive: true });

for (const { folder } of PACKAGES) {
  const staged = join(out, "staging", folder);
  const { name, version } = await stage(root, folder, staged);
  const run = spawnSync("npm", ["pack", staged, "--pack-destination", out, "--silent"], {
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (run.status !== 0) throw new Error(`npm pack failed for ${name}:\n${run.stderr}`);
  console.log(`${name}@${version}: ${join(out, run.stdout.trim())}`);
}
