import { describe, expect, it } from "vitest";
import { ClusterClient } from "../../client/cluster-client.ts";
import { serving } from "../../cluster/job-manager/rest/testing/serving.ts";
import { JOB } from "../../cluster/job-manager/rest/testing/sample-job.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { submitOptions } from "../cluster/run-on-cluster.ts";
import { findJob, pickJob } from "../cluster/find-job.ts";
import { vertexSetting } from "../cluster/change-job.ts";
import { exitCodeOf } from "../exit-code.ts";
import { parseCommandLine } from "./parse-command-line.ts";
import { parsePlainRun } from "./parse-plain-run.ts";
import type { RunRequest } from "./requests.ts";

const parse = (line: string): unknown => parseCommandLine(line.split(" "), () => "1");
const access = { jobManager: undefined, conf: undefined, settings: [] };
const common = { access, json: false, verbose: false };

describe("the command line of a cluster", () => {
  it("reads the commands of processes", () => {
    expect(parse("jobmanager --conf /etc/m -D rest.port=0")).toEqual({
      command: "jobManager",
      ...common,
      access: { jobManager: undefined, conf: "/etc/m", settings: ["rest.port=0"] },
    });
    expect(parse("taskmanager")).toEqual({ command: "taskManager", ...common });
    expect(parse("cluster start -n 2 --slots 3 --foreground --state s")).toEqual({
      command: "clusterStart",
      ...common,
      taskManagers: 2,
      slots: 3,
      foreground: true,
      state: "s",
    });
    expect(parse("cluster stop --json")).toMatchObject({
      command: "clusterStop",
      json: true,
      state: ".millrace/cluster",
    });
    expect(parse("cluster status")).toMatchObject({ command: "clusterStatus" });
    expect(parse("cluster")).toMatchObject({ text: expect.stringContaining("millrace cluster") });
  });

  it("reads the commands of jobs", () => {
    expect(parse("list -a -m host:1")).toEqual({
      command: "list",
      ...common,
      access: { ...access, jobManager: "host:1" },
      all: true,
    });
    expect(parse("status delays")).toEqual({ command: "status", ...common, job: "delays" });
    expect(parse("cancel delays")).toMatchObject({ command: "cancel", job: "delays" });
    expect(parse("checkpoint delays")).toMatchObject({ command: "checkpoint", job: "delays" });
    expect(parse("stop delays --savepoint-dir /s --drain")).toMatchObject({ directory: "/s", drain: true });
    expect(parse("rescale delays -p 4")).toMatchObject({ command: "rescale", parallelism: 4, vertices: [] });
    expect(parse("rescale delays --vertex a=1 --vertex b=2")).toMatchObject({ vertices: ["a=1", "b=2"] });
    expect(parse("logs delays --lines 5 -f")).toMatchObject({
      command: "logs",
      of: "delays",
      lines: 5,
      follow: true,
    });
    expect(parse("logs")).toMatchObject({ of: undefined, lines: 100, follow: false });
  });

  it("tells savepoints that are to be taken from those that are files", () => {
    const trigger = { command: "savepointTrigger", ...common, job: "4f1d0b8a", directory: "/s" };
    expect(parse("savepoint trigger 4f1d0b8a /s")).toEqual(trigger);
    expect(parse("savepoint 4f1d0b8a /s")).toEqual(trigger);
    expect(parse("savepoint inspect 4f1d0b8a")).toMatchObject({ command: "savepointInspect" });
    expect(() => parse("savepoint delays")).toThrow(MillraceError);
  });

  it("reads where a job is to run", () => {
    expect(parse("run a.ts -m host:1 -d --external sharp -p 2 -- --x 1")).toMatchObject({
      command: "run",
      jobArgs: ["--x", "1"],
      parallelism: 2,
      cluster: { access: { ...access, jobManager: "host:1" }, detached: true, externals: ["sharp"] },
    });
    expect(parse("run a.ts --target cluster")).toMatchObject({ cluster: { access } });
    expect(parse("run a.ts --target local")).toMatchObject({ cluster: undefined });
    // The quick way takes no line that it doesn't understand.
    expect(parsePlainRun(["run", "a.ts", "-m", "host:1"])).toBeUndefined();
    expect(parsePlainRun(["run", "a.ts"])?.cluster).toBeUndefined();
  });

  it.for([
    "run a.ts -d",
    "run a.ts --external sharp",
    "run a.ts --target moon",
    "run a.ts -m host:1 --savepoint-on-exit",
    "rescale delays",
    "rescale delays -p 4 --vertex a=1",
    "rescale delays -p 0",
    "cancel",
    "cluster start -n x",
    "cluster begin",
    "logs a b",
  ])("refuses %s", (line) => expect(() => parse(line)).toThrow(MillraceError));

  it("says of a submission what concerns the job, with folders as seen from here", () => {
    const request = parse(
      "run a.ts -m h:1 -D parallelism.default=2 -D rest.port=1 -s sp/1 --claim -n --checkpoint-interval 5s --checkpoint-dir cp",
    ) as RunRequest;
    expect(submitOptions(request, "/home")).toEqual({
      args: [],
      config: {
        "parallelism.default": "2",
        "execution.checkpointing.interval": "5s",
        "execution.checkpointing.dir": "/home/cp",
      },
      restore: { path: "/home/sp/1", claimMode: "CLAIM", allowNonRestoredState: true },
    });
    expect(() => submitOptions(parse("run a.ts -m h:1 --claim") as RunRequest, "/")).toThrow("none is given");
  });
});

describe("jobs and vertices that a command line names", () => {
  const job = (jid: string, name: string, state = "RUNNING") =>
    ({ jid, name, state, "start-time": state === "CANCELED" ? 2 : 1 }) as unknown as Parameters<
      typeof pickJob
    >[0][number];
  const jobs = [job("aaaa1", "clicks"), job("aaaa2", "delays"), job("bbbb1", "delays", "FAILED")];

  it("are found by id, its beginning, and name", async () => {
    expect(pickJob(jobs, "delays").jid).toBe("aaaa2");
    expect(pickJob(jobs, "bbbb").jid).toBe("bbbb1");
    const ended = [
      job("cccc1", "old", "FAILED"),
      job("cccc2", "old", "CANCELED"),
      job("cccc3", "old", "FAILED"),
    ];
    expect(pickJob([...jobs, ...ended], "old").jid).toBe("cccc2");
    expect(() => pickJob(jobs, "aaaa")).toThrow("may be any of 2 jobs");
    expect(() => pickJob(jobs, "delasy")).toThrow("did you mean delays?");
    await using server = await serving();
    const cluster = new ClusterClient({ address: server.url }, () => expect.unreachable());
    expect((await findJob(cluster, JOB.slice(0, 8))).id).toBe(JOB);
  });

  it("are found by the name of a vertex", () => {
    const details = {
      vertices: [
        { id: "a1", name: "Source: x" },
        { id: "b1", name: "window" },
      ],
    };
    const parsed = (text: string) => vertexSetting(text, details as never);
    expect(parsed("window=3")).toEqual(["b1", 3]);
    expect(parsed("a1=2")).toEqual(["a1", 2]);
    for (const wrong of ["window", "window=0", "nothing=1"])
      expect(() => parsed(wrong)).toThrow(MillraceError);
  });
});

it("exit codes tell a cluster that can't be reached from a wrong command line", () => {
  const code = (name: ConstructorParameters<typeof MillraceError>[0]): number =>
    exitCodeOf(new MillraceError(name, ""));
  expect(code("CLUSTER_UNREACHABLE")).toBe(3);
  expect(code("NOT_AUTHORIZED")).toBe(3);
  expect(code("VERSION_MISMATCH")).toBe(3);
  expect(code("NOT_FOUND")).toBe(2);
  expect(code("CONFLICT")).toBe(1);
});
