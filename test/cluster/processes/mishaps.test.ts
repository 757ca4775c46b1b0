import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { connect } from "millrace/client";
import { readOutput } from "../../crash/crash-run.ts";
import { COUNT } from "./jobs/dying-enumerator.ts";
import { ProcessCluster } from "./process-cluster.ts";

const MISHAPS = new URL("./jobs/mishaps.ts", import.meta.url);
const DYING = new URL("./jobs/dying-enumerator.ts", import.meta.url);

interface Exceptions {
  readonly exceptionHistory: {
    readonly entries: readonly { readonly exceptionName: string; readonly stacktrace: string }[];
  };
}

it("outlives what user code does to its threads and processes, and says what that was", async () => {
  const cluster = await ProcessCluster.start({
    taskManagers: 3,
    slots: 1,
    config: {
      "taskmanager.memory.task.heap.size": "128 mb",
      "jobmanager.memory.job.heap.size": "48 mb",
      // Who is killed is heard of without it.
      "heartbeat.timeout": "20 s",
    },
  });
  try {
    const once = join(cluster.folder, "once");
    await mkdir(once);
    const happened = async (job: string): Promise<Exceptions["exceptionHistory"]["entries"]> =>
      ((await cluster.get(`/jobs/${job}/exceptions`)) as Exceptions).exceptionHistory.entries;

    const survivor = await cluster.run(MISHAPS, {
      args: ["--what", "heap,exit,rejection,abort", "--once", once],
      parallelism: 2,
      config: {
        "restart-strategy.type": "fixed-delay",
        "restart-strategy.fixed-delay.attempts": "20",
        "restart-strategy.fixed-delay.delay": "50 ms",
      },
    });
    const expected = [
      /slot tm\d\/0, which ran job "mishaps" \(\w+\), has ended: it has used up its heap of 128 mb, which is set by taskmanager\.memory\.task\.heap\.size/u,
      /has ended: process\.exit\(3\) was called in it/u,
      /has ended: something was thrown in it where nobody catches it, as in a timer or a promise: RangeError: nobody takes it/u,
      /TaskManager tm\d .* is lost/u,
    ];
    await cluster.until(async () => {
      const texts = (await happened(survivor)).map(({ stacktrace }) => stacktrace);
      return (
        expected.every((each) => texts.some((text) => each.test(text))) &&
        (await cluster.status(survivor)) === "RUNNING"
      );
    }, "all that is to happen");
    // One was aborted, the threads of the others ended and nothing more.
    const alive = cluster.taskManagers.filter(({ child }) => child.signalCode === null);
    expect([alive.length, cluster.jobManager.child.exitCode]).toEqual([2, null]);
    await cluster.request("PATCH", `/jobs/${survivor}?mode=cancel`);
    await cluster.reaches(survivor, "CANCELED");

    // What can't be sent to another process keeps its code on the way to clients.
    for (const [what, code] of [
      ["large", "RECORD_TOO_LARGE"],
      ["function", "RECORD_TYPE_MISMATCH"],
    ] as const) {
      const job = await cluster.run(MISHAPS, {
        args: ["--what", what],
        parallelism: 2,
        config: { "restart-strategy.type": "none" },
      });
      await cluster.reaches(job, "FAILED");
      expect((await happened(job)).map(({ exceptionName }) => exceptionName)).toContain(code);
      const result = connect({ address: cluster.restUrl.replace("http://", "") })
        .job(job)
        .result();
      await expect(result).rejects.toMatchObject({ code: "JOB_FAILED", cause: { code } });
    }

    // The thread of a job's JobMaster, too: the job goes on from its last checkpoint, nothing of it is lost or comes twice.
    const restarts = (attempts: number): Record<string, string> => ({
      "execution.checkpointing.interval": "100 ms",
      "execution.checkpointing.dir": join(cluster.folder, "checkpoints"),
      "restart-strategy.type": "fixed-delay",
      "restart-strategy.fixed-delay.attempts": String(attempts),
      "restart-strategy.fixed-delay.delay": "50 ms",
    });
    const output = join(cluster.folder, "output");
    const deaths = join(cluster.folder, "deaths");
    await mkdir(deaths);
    const dying = await cluster.run(DYING, {
      args: ["--output", output, "--how", "exit,heap", "--once", deaths],
      parallelism: 1,
      config: restarts(20),
    });
    await cluster.reaches(dying, "FINISHED", "FAILED");
    expect((await happened(dying)).map(({ stacktrace }) => stacktrace)).toEqual([
      expect.stringMatching(/the thread of the JobMaster of job "dying enumerator" .* heap of 48 mb/u),
      expect.stringMatching(/has ended: process\.exit\(3\) was called in it/u),
    ]);
    const { latest } = (await cluster.get(`/jobs/${dying}/checkpoints`)) as {
      readonly latest: { readonly restored: { readonly id: number } | null };
    };
    expect(latest.restored?.id).toBeGreaterThan(0);
    const counted = Array.from({ length: COUNT }, (_, n) => `${n % 10} ${Math.floor(n / 10) + 1}`);
    expect(readOutput(output)).toEqual(counted.sort());
    // Not for ever, where each ends its thread.
    const hopeless = await cluster.run(DYING, {
      args: ["--output", `${output}-hopeless`, "--how", "exit"],
      parallelism: 1,
      config: restarts(1),
    });
    await cluster.reaches(hopeless, "FAILED");
    expect((await happened(hopeless))[0]?.stacktrace).toMatch(
      /process\.exit\(3\) was called in it\. The job is not started again: it was started again 1 time,/u,
    );

    const jar = await cluster.upload(MISHAPS);
    const body = { programArgsList: ["--where", "builder", "--what", "heap"] };
    for (const endpoint of ["plan", "run"]) {
      await expect(cluster.request("POST", `/jars/${jar}/${endpoint}`, body)).rejects.toThrow(
        /400 .*it has used up its heap of 48 mb, which is set by jobmanager\.memory\.job\.heap\.size/u,
      );
    }
    await cluster.get("/overview");
  } finally {
    await cluster.close();
  }
}, 240_000);
