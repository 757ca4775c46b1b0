import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtEngine } from "../../testing/built-engine.ts";
import { bundleForCluster } from "./bundle-for-cluster.ts";

const ENTRY = join(await builtEngine(), "dist/cluster-process.js");
const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/millrace-compile", import.meta.url));

/** Where a process runs, if not beside the others. */
export interface Place {
  /** The command that starts it there, before Node.js and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Its address. */
  readonly host: string;
}

/** What a cluster is started with. */
export interface ProcessClusterOptions {
  readonly taskManagers: number;
  readonly slots: number;
  /** Of all its processes. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
  readonly jobManagerPlace?: Place;
}

/** What runs are asked for: the body of `POST /jars/:id/run`. */
export interface ClusterRun {
  readonly args?: readonly string[];
  readonly parallelism?: number;
  readonly config?: Readonly<Record<string, string | undefined>>;
  readonly savepointPath?: string;
}

/** A process that can be killed, stopped and resumed. */
export class ClusterProcess {
  readonly child: ChildProcess;
  readonly name: string;
  stderr = "";
  readonly #ready: Promise<Readonly<Record<string, unknown>>>;
  readonly #exit: Promise<number | null>;

  constructor(name: string, role: string, settings: Readonly<Record<string, unknown>>, place?: Place) {
    this.name = name;
    const [execPath, ...before] = [...(place?.command ?? []), process.execPath] as [string, ...string[]];
    this.child = fork(
      ENTRY,
      [role, ...Object.entries(settings).map(([key, value]) => `${key}=${String(value)}`)],
      {
        execPath,
        execArgv: [...before, "--conditions=millrace-source"],
        env: { ...process.env, NODE_OPTIONS: "", NODE_COMPILE_CACHE: CACHE },
        stdio: ["ignore", "ignore", "pipe", "ipc"],
      },
    );
    this.child.stderr?.on("data", (bytes: Uint8Array) => (this.stderr += Buffer.from(bytes).toString()));
    this.#exit = once(this.child, "exit").then(([code]) => code as number | null);
    this.#ready = Promise.race([
      once(this.child, "message").then(([message]) => message as Readonly<Record<string, unknown>>),
      this.#exit.then((code) => {
        throw new Error(`${name} ended with ${code} before it was ready: ${this.stderr}`);
      }),
    ]);
    this.#ready.catch(() => {});
  }

  get ready(): Promise<Readonly<Record<string, unknown>>> {
    return this.#ready;
  }

  /** Its exit code; null: it was killed. */
  get exit(): Promise<number | null> {
    return this.#exit;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.child.kill(signal);
    await this.#exit;
  }
}

/**
 * A cluster as processes of this machine, from the sources: one JobManager and some TaskManagers, with all their files in a folder that goes
 * with them.
 */
export class ProcessCluster {
  readonly folder: string;
  readonly taskManagers: ClusterProcess[] = [];
  jobManager!: ClusterProcess;
  restUrl = "";
  epoch = 0;
  readonly #options: ProcessClusterOptions;
  #rpcPort: number;
  readonly #all: ClusterProcess[] = [];
  #started = 0;

  private constructor(options: ProcessClusterOptions, folder: string, rpcPort: number) {
    this.#options = options;
    this.folder = folder;
    this.#rpcPort = rpcPort;
  }

  static async start(options: ProcessClusterOptions): Promise<ProcessCluster> {
    const folder = await mkdtemp(join(tmpdir(), "millrace-cluster-"));
    const cluster = new ProcessCluster(options, folder, await freePort());
    try {
      const all = Array.from({ length: options.taskManagers }, () => cluster.startTaskManager());
      await cluster.startJobManager();
      await Promise.all(all);
      await cluster.registered(options.taskManagers);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  async startJobManager(): Promise<ClusterProcess> {
    const place = this.#options.jobManagerPlace;
    const { host = "127.0.0.1" } = place ?? {};
    const next = this.#spawn(
      "jobmanager",
      { "rest.port": 0, "rest.bind-address": host, "jobmanager.bind-host": host },
      place,
    );
    const { restPort, epoch } = await next.ready;
    this.jobManager = next;
    this.restUrl = `http://${host}:${String(restPort)}`;
    this.epoch = epoch as number;
    return next;
  }

  /** Starts another JobManager at another port, where TaskManagers that are started from now on look for it. */
  async moveJobManager(): Promise<ClusterProcess> {
    this.#rpcPort = await freePort();
    return this.startJobManager();
  }

  /** Where the JobManager listens for TaskManagers. */
  get rpcPort(): number {
    return this.#rpcPort;
  }

  /** @param settings - of its own */
  async startTaskManager(
    settings: Readonly<Record<string, string | number | boolean>> = {},
    place?: Place,
  ): Promise<ClusterProcess> {
    const taskManager = this.#spawn(
      "taskmanager",
      {
        "taskmanager.numberOfTaskSlots": this.#options.slots,
        "taskmanager.resource-id": `tm${++this.#started}`,
        "taskmanager.host": place?.host ?? "127.0.0.1",
        ...settings,
      },
      place,
    );
    this.taskManagers.push(taskManager);
    await taskManager.ready;
    return taskManager;
  }

  /** Waits until so many TaskManagers are registered. */
  async registered(count: number): Promise<void> {
    await this.until(
      async () =>
        ((await this.get("/taskmanagers")) as { taskmanagers: unknown[] }).taskmanagers.length === count,
      `${count} TaskManagers`,
    );
  }

  async get(path: string): Promise<unknown> {
    return this.request("GET", path);
  }

  /** @throws with status and text for an answer that is none */
  async request(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.restUrl}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Bundles and uploads a job module. @returns its id */
  async upload(module: URL): Promise<string> {
    const { name, text } = await bundleForCluster(module);
    const form = new FormData();
    form.append("jarfile", new Blob([text], { type: "text/javascript" }), name);
    const response = await fetch(`${this.restUrl}/jars/upload`, { method: "POST", body: form });
    const answer = (await response.json()) as { filename: string };
    if (!response.ok) throw new Error(`upload: ${JSON.stringify(answer)}`);
    return answer.filename.split("/").at(-1) as string;
  }

  /** Uploads a job module and runs it. @returns the job's id */
  async run(module: URL, run: ClusterRun = {}): Promise<string> {
    const jar = await this.upload(module);
    const { jobid } = (await this.request("POST", `/jars/${jar}/run`, {
      ...(run.args === undefined ? {} : { programArgsList: run.args }),
      ...(run.parallelism === undefined ? {} : { parallelism: run.parallelism }),
      ...(run.savepointPath === undefined ? {} : { savepointPath: run.savepointPath }),
      flinkConfiguration: run.config ?? {},
    })) as { jobid: string };
    return jobid;
  }

  async status(job: string): Promise<string> {
    return ((await this.get(`/jobs/${job}/status`)) as { status: string }).status;
  }

  /** Waits until a job is in one of these states. */
  async reaches(job: string, ...statuses: readonly string[]): Promise<string> {
    let status = "unknown";
    await this.until(
      async () => statuses.includes((status = await this.status(job))),
      () => `job ${job} to be ${statuses.join(" or ")}, it is ${status}`,
    );
    return status;
  }

  /** Waits, two minutes at most. */
  async until(condition: () => Promise<boolean>, what: string | (() => string)): Promise<void> {
    let last: unknown;
    for (const begin = performance.now(); performance.now() - begin < 120_000;) {
      try {
        if (await condition()) return;
      } catch (error) {
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const text = typeof what === "string" ? what : what();
    throw new Error(`waited for ${text}\n${this.logs()}`, { cause: last });
  }

  /** The logs of all processes, for failures. */
  logs(): string {
    const folder = join(this.folder, "log");
    return readdirSync(folder)
      .filter((name) => name.endsWith(".log"))
      .map((name) => `--- ${name}\n${readFileSync(join(folder, name), "utf8").slice(-6000)}`)
      .join("\n");
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((each) => each.kill()));
    await rm(this.folder, { recursive: true, force: true });
  }

  #spawn(role: string, settings: Readonly<Record<string, unknown>>, place?: Place): ClusterProcess {
    const configuration = {
      "jobmanager.rpc.address": this.#options.jobManagerPlace?.host ?? "127.0.0.1",
      "jobmanager.rpc.port": this.#rpcPort,
      "io.tmp.dirs": join(this.folder, "tmp"),
      "env.log.dir": join(this.folder, "log"),
      "heartbeat.interval": "200 ms",
      "heartbeat.timeout": "2 s",
      "taskmanager.registration.max-backoff": "200 ms",
      ...this.#options.config,
      ...settings,
    };
    const name = String(configuration["taskmanager.resource-id" as keyof typeof configuration] ?? role);
    const child = new ClusterProcess(name, role, configuration, place);
    this.#all.push(child);
    return child;
  }
}

/** Ports below those that systems give to connections and to whoever asks for any: nobody takes one by chance. */
const PORTS = { first: 20_000, count: 12_000 };
let nextPort = process.pid * 37;

/** A port that is free, and stays so: the JobManager's, which is the same when it is started again. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + (nextPort++ % PORTS.count);
    const server = createServer().listen(port, "127.0.0.1");
    const free = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (!free) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
