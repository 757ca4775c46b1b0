import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { jobId } from "../../../../common/ids/ids.ts";
import type { JobSubmission } from "../../../../protocol/cluster/job-submission.ts";
import { spawnJobThread } from "./spawn-job-thread.ts";

/** Looks until nothing changes any more, and lets nothing else happen in this thread meanwhile. */
function whileBusy(look: () => number): number {
  const nap = new Int32Array(new SharedArrayBuffer(4));
  for (let last = -1; ;) {
    const now = look();
    if (now === last && now > 0) return now;
    last = now;
    Atomics.wait(nap, 0, 0, 250);
  }
}

const KILOBYTES = 16_384;

it("a module that prints without a pause waits for the main thread", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-prints-"));
  const progress = join(folder, "progress");
  const module = join(folder, "prints.mjs");
  await writeFile(
    module,
    `import { writeFileSync } from "node:fs";
     writeFileSync(${JSON.stringify(progress)}, "0");
     for (let kilobytes = 1; kilobytes <= ${KILOBYTES}; kilobytes++) {
       console.log("x".repeat(1023));
       if (kilobytes % 64 === 0) writeFileSync(${JSON.stringify(progress)}, String(kilobytes));
     }
     export default 1;`,
  );
  const thread = spawnJobThread("printer");
  try {
    let bytes = 0;
    let printed = Infinity;
    const over = new Promise<string>((resolve) => {
      thread.onMessage = (message) => {
        if (message.type === "output") {
          if (bytes === 0) printed = whileBusy(() => Number(readFileSync(progress, "utf8")));
          bytes += message.bytes.byteLength;
        }
        if (message.type === "unbuilt") resolve(message.error.code ?? "");
      };
    });
    const submission: JobSubmission = {
      jobId: jobId(new Uint8Array(16)),
      artifact: { sha256: "0".repeat(64), bytes: 1, originalUrl: pathToFileURL(module).href },
      args: {},
      config: {},
      parallelism: undefined,
      restore: undefined,
      submittedAt: 0,
    };
    thread.send({
      type: "task",
      task: { kind: "plan", submission, artifactUrl: pathToFileURL(module).href },
    });
    expect(await over).toBe("JOB_MODULE_INVALID");
    // What it had printed when nobody had taken anything for a while.
    expect(printed).toBeLessThan(KILOBYTES / 8);
    expect(bytes).toBe(KILOBYTES * 1024);
    expect(await readFile(progress, "utf8")).toBe(String(KILOBYTES));
  } finally {
    await thread.end();
    await rm(folder, { recursive: true });
  }
});
