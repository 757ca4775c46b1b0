import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { JOBMANAGER_RPC_PORT, TASKMANAGER_SLOTS } from "../../common/config/cluster-options.ts";
import { configValue } from "../../common/config/configuration.ts";
import { describeConfiguration, jobDefaults } from "./cluster-configuration.ts";
import { loadClusterConfiguration } from "./load-cluster-configuration.ts";

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), "millrace-conf-"))));
afterEach(() => rm(folder, { recursive: true }));

const write = async (text: string): Promise<string> => {
  const file = join(folder, "config.yaml");
  await writeFile(file, text);
  return file;
};
const problemsOf = async (text: string, dynamic: readonly string[] = []): Promise<unknown> => {
  const file = await write(text);
  const failed = await loadClusterConfiguration({ file, dynamic, env: {} }).then(
    () => undefined,
    (error: { details: { problems: readonly string[] } }) => error.details.problems,
  );
  return failed?.map((line) => line.replaceAll(`${folder}/`, ""));
};

describe("loadClusterConfiguration", () => {
  it("needs nothing", async () => {
    const { settings } = await loadClusterConfiguration({ env: {} });
    expect(settings).toEqual({});
    expect(configValue(settings, JOBMANAGER_RPC_PORT)).toBe(6123);
  });

  it("reads flat, nested and mixed keys of the folder's config.yaml", async () => {
    await write(
      [
        "# a comment",
        "jobmanager.rpc.port: 0",
        "taskmanager:",
        "  numberOfTaskSlots: 4",
        "  memory.task:",
        "    heap.size: 512 mb",
        "heartbeat.interval: 500",
        "io.tmp.dirs: [/a, /b]",
        "taskmanager.resource-id: 007",
        "execution.checkpointing.interval: 10 s",
        "",
      ].join("\n"),
    );
    const configuration = await loadClusterConfiguration({ env: { MILLRACE_CONF_DIR: folder } });
    expect(configuration.settings).toEqual({
      "jobmanager.rpc.port": 0,
      "taskmanager.numberOfTaskSlots": 4,
      "taskmanager.memory.task.heap.size": 512 * 1024 * 1024,
      "heartbeat.interval": 500,
      "io.tmp.dirs": "/a,/b",
      "taskmanager.resource-id": "007",
      "execution.checkpointing.interval": 10_000,
    });
    expect(configuration.origins["taskmanager.memory.task.heap.size"]).toBe(join(folder, "config.yaml:6"));
    expect(jobDefaults(configuration)).toEqual({ "execution.checkpointing.interval": 10_000 });
  });

  it("lets the command line win over the environment, and that over the file", async () => {
    const file = await write("taskmanager.numberOfTaskSlots: 1\njobmanager.rpc.port: 1\nrest.port: 1\n");
    const { settings, origins } = await loadClusterConfiguration({
      file,
      env: { MILLRACE_PROPERTIES: "jobmanager.rpc.port: 2\nrest.port: 2\n" },
      dynamic: ["rest.port=3"],
    });
    expect([
      settings["taskmanager.numberOfTaskSlots"],
      settings["jobmanager.rpc.port"],
      settings["rest.port"],
    ]).toEqual([1, 2, 3]);
    expect([origins["jobmanager.rpc.port"], origins["rest.port"]]).toEqual(["MILLRACE_PROPERTIES:1", "-D"]);
    expect(configValue(settings, TASKMANAGER_SLOTS)).toBe(1);
  });

  it("tells of each wrong setting, with file and line", async () => {
    const text = [
      "taskmanager.numberOfTaskslot: 4",
      "heartbeat.interval: often",
      "rest:",
      "  port: 70000",
      "  address:",
      "cluster.evenly-spread-out-slots: true",
      "cluster:",
      "  evenly-spread-out-slots: false",
      "1: 2",
    ].join("\n");
    expect(await problemsOf(text, ["nonsense", "qqqqqq=1"])).toEqual([
      "config.yaml:5: setting rest.address has no value; expected a text, a number, true or false",
      "config.yaml:9: expected the key of a setting, a text",
      "config.yaml:8: setting cluster.evenly-spread-out-slots was given before, at config.yaml:6",
      "config.yaml:1: unknown option taskmanager.numberOfTaskslot; did you mean taskmanager.numberOfTaskSlots?",
      'config.yaml:2: option heartbeat.interval must be a duration such as "200 ms", from 10 ms; got "often"',
      'config.yaml:4: option rest.port must be a whole number, from 0 to 65535; got "70000"',
      '-D: expected key=value, got "nonsense"',
      "-D: unknown option qqqqqq; docs/operations.md lists all there are",
    ]);
  });

  it.each([
    ["a: b: c", 1],
    ["rest.port: 1\nrest.port: 2", 2],
    ["- 1", 1],
    ["rest.port: [[1]]", 1],
    ["rest.port: *there", 1],
    ["__proto__: 1", 1],
  ])("refuses %j", async (text, line) => {
    expect(await problemsOf(text)).toEqual(
      expect.arrayContaining([expect.stringContaining(`config.yaml:${line}: `)]),
    );
  });

  it("names a file that can't be read", async () => {
    await expect(loadClusterConfiguration({ env: { MILLRACE_CONF_DIR: folder } })).rejects.toThrow(
      join(folder, "config.yaml"),
    );
  });

  it("shows no secret, not even a wrong one", async () => {
    const configuration = await loadClusterConfiguration({
      env: { MILLRACE_PROPERTIES: "security.internal.token: hush" },
      dynamic: ["security.ssl.internal.key-password=hush", "rest.port=8081"],
    });
    expect(describeConfiguration(configuration)).toEqual({
      "security.internal.token": "******",
      "security.ssl.internal.key-password": "******",
      "rest.port": "8081",
    });
    expect(JSON.stringify(await problemsOf("security.internal.token: {hush: hush2}"))).not.toContain("hush2");
  });
});
