/*
 * Start-up of a small job: from the start of the process `millrace run` to its first result on standard output, and to its end, in ms;
 * beside it, a Node.js process that does nothing, which tells how fast the machine starts processes at the moment. Run it:
 * `npx node bench/startup.bench.ts`. Nothing is asserted: machines differ, and a busy one is slower by far; the best round is the one
 * that others disturbed least.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dirname);
const launcher = join(root, "packages/millrace/bin/millrace.js");
const ROUNDS = 15;

/** Three operators and a shuffle: what the smallest useful job has. */
const JOB = `
import { job } from "millrace";

interface Sale { shop: number; price: number }

export default job(import.meta, "small", {}, (env) => {
  env
    .fromSequence(1, 10)
    .map((n): Sale => ({ shop: n % 3, price: n }))
    .keyBy((sale) => sale.shop)
    .reduce((a, b) => ({ shop: a.shop, price: a.price + b.price }))
    .print();
});
`;

interface Contestant {
  readonly name: string;
  readonly args: readonly string[];
}

interface Round {
  /** ms until something came out; undefined where nothing did. */
  readonly first: number | undefined;
  readonly end: number;
}

/** Runs the benchmark; `report` gets the median and the best round. The contestants take turns, so that a slow spell hits all. */
export async function run(report: (name: string, value: number, unit: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-startup-"));
  const job = join(folder, "small.ts");
  writeFileSync(job, JOB);
  await once([join(root, "scripts/build.ts"), "--js-only"], root);
  const contestants: readonly Contestant[] = [
    { name: "a process that does nothing", args: ["--eval", "console.log(1)"] },
    { name: "millrace --version", args: [launcher, "--version"] },
    ...[1, 2, 4].map((slots) => ({
      name: `millrace run, ${slots} slot${slots === 1 ? "" : "s"}`,
      args: [launcher, "run", job, "-q", "-p", String(slots)],
    })),
  ];
  try {
    const rounds = contestants.map(() => [] as Round[]);
    // The first round fills the compile cache.
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [index, { args }] of contestants.entries()) {
        const measured = await once(args, folder);
        if (round > 0) rounds[index]?.push(measured);
      }
    }
    for (const [index, { name }] of contestants.entries()) {
      const firsts = (rounds[index] ?? []).map(({ first, end }) => first ?? end).sort((a, b) => a - b);
      const ends = (rounds[index] ?? []).map(({ end }) => end).sort((a, b) => a - b);
      report(`${name}: first output`, firsts[firsts.length >> 1] ?? Number.NaN, "ms");
      report(`${name}: first output, best round`, firsts[0] ?? Number.NaN, "ms");
      report(`${name}: end`, ends[ends.length >> 1] ?? Number.NaN, "ms");
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs `node` with these arguments once. */
function once(args: readonly string[], cwd: string): Promise<Round> {
  const start = performance.now();
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  let first: number | undefined;
  child.stdout.on("data", () => (first ??= performance.now() - start));
  return new Promise((resolve, reject) => {
    child.on("close", (code) => {
      if (code === 0) resolve({ first, end: performance.now() - start });
      else reject(new Error(`${args.join(" ")} ended with code ${code}`));
    });
  });
}

if (import.meta.main) {
  await run((name, value, unit) => console.log(`${name.padEnd(52)} ${value.toFixed(0).padStart(6)} ${unit}`));
}
