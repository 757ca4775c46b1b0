import { InvalidArgumentError, type Command } from "commander";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { CLUSTER_EXAMPLES, clusterHelp, PROCESS_EXAMPLES } from "./cluster-help.ts";
import { DEFAULT_STATE_FOLDER, type ClusterAccess, type ClusterRequest } from "./cluster-requests.ts";
import type { CommandOutput } from "./command-output.ts";
import { MAX_PARALLELISM, parseParallelism } from "./parse-plain-run.ts";

/** What commander gives the action of a command of a cluster. */
export interface ClusterOptions {
  readonly jobmanager?: string;
  readonly conf?: string;
  readonly define?: readonly string[];
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly taskmanagers?: number;
  readonly slots?: number;
  readonly foreground?: boolean;
  readonly state?: string;
  readonly all?: boolean;
  readonly drain?: boolean;
  readonly savepointDir?: string;
  readonly parallelism?: number;
  readonly vertex?: readonly string[];
  readonly lines?: number;
  readonly follow?: boolean;
}

type Found = (request: ClusterRequest) => void;

const JOB = "the job's id, the beginning of it, or its name";

/** Commands about clusters and the jobs in them. */
export function clusterCommands(output: CommandOutput, program: Command, found: Found): void {
  processCommands(output, program, found);
  localCommands(output, program, found);
  const add = (parent: Command, name: string): Command => withAccess(output.attach(parent.command(name)));

  add(program, "list")
    .description("List the jobs of a cluster that have not ended.")
    .option("-a, --all", "those that have ended, too")
    .addHelpText("after", clusterHelp("millrace list", "millrace list -a --json"))
    .action((options: ClusterOptions) =>
      found({ command: "list", ...common(options), all: options.all ?? false }),
    );

  const plain = [
    ["status", "Show a job of a cluster: its vertices, checkpoints and failures."],
    ["cancel", "Stop a job of a cluster at once, without a savepoint."],
    ["checkpoint", "Take a checkpoint of a job of a cluster now."],
  ] as const;
  for (const [command, description] of plain) {
    add(program, command)
      .argument("<job>", JOB)
      .description(description)
      .addHelpText("after", clusterHelp(`millrace ${command} 4f1d0b8a`))
      .action((job: string, options: ClusterOptions) => found({ command, ...common(options), job }));
  }

  add(program, "stop")
    .argument("<job>", JOB)
    .description("Stop a job of a cluster with a savepoint.")
    .option("--savepoint-dir <folder>", "where the savepoint goes, as the cluster's machines see it")
    .option("--drain", "end the input for good: all windows and timers fire")
    .addHelpText("after", clusterHelp("millrace stop delays --savepoint-dir /srv/savepoints"))
    .action((job: string, options: ClusterOptions) =>
      found({
        command: "stop",
        ...common(options),
        job,
        directory: options.savepointDir,
        drain: options.drain ?? false,
      }),
    );

  add(program, "rescale")
    .argument("<job>", JOB)
    .description("Change the parallelism of a job of a cluster while it runs.")
    .option("-p, --parallelism <n>", "of all vertices, as far as each of them can", count(1, MAX_PARALLELISM))
    .option("--vertex <vertex=n>", "of one vertex, by its id or name; may be repeated", collect)
    .addHelpText(
      "after",
      clusterHelp("millrace rescale delays -p 4", "millrace rescale delays --vertex window=8"),
    )
    .action((job: string, options: ClusterOptions) => found(rescaleRequest(job, options)));

  add(program, "logs")
    .argument(
      "[process]",
      "a TaskManager's id, or a job: the TaskManagers that run it. Without: the JobManager",
    )
    .description("Show the logs of a cluster's processes.")
    .option("-n, --lines <n>", "how many of the last lines", count(0, 1_000_000))
    .option("-f, --follow", "go on showing what is added, until Ctrl-C")
    .addHelpText("after", clusterHelp("millrace logs", "millrace logs delays --lines 20", "millrace logs -f"))
    .action((of: string | undefined, options: ClusterOptions) =>
      found({
        command: "logs",
        ...common(options),
        of,
        lines: options.lines ?? 100,
        follow: options.follow ?? false,
      }),
    );
}

/** `millrace savepoint trigger`, beside the commands that work on files. */
export function savepointTriggerCommand(output: CommandOutput, savepoint: Command, found: Found): void {
  withAccess(output.attach(savepoint.command("trigger")))
    .argument("<job>", JOB)
    .argument("[folder]", "where it goes, as the cluster's machines see it")
    .description("Take a savepoint of a job of a cluster; the job goes on.")
    .addHelpText(
      "after",
      clusterHelp(
        "millrace savepoint trigger delays /srv/savepoints",
        "millrace savepoint 4f1d0b8a /srv/savepoints",
      ),
    )
    .action((job: string, directory: string | undefined, options: ClusterOptions) =>
      found({ command: "savepointTrigger", ...common(options), job, directory }),
    );
}

/** How the cluster is reached. */
export const accessOf = ({ jobmanager, conf, define = [] }: ClusterOptions): ClusterAccess => ({
  jobManager: jobmanager,
  conf,
  settings: define,
});

function processCommands(output: CommandOutput, program: Command, found: Found): void {
  const processes = [
    ["jobmanager", "jobManager", "Run a JobManager: it takes jobs and gives them to TaskManagers."],
    ["taskmanager", "taskManager", "Run a TaskManager: it has the slots in which jobs run."],
  ] as const;
  for (const [name, command, description] of processes) {
    withSettings(output.attach(program.command(name)))
      .description(description)
      .addHelpText("after", PROCESS_EXAMPLES)
      .action((options: ClusterOptions) => found({ command, ...common(options) }));
  }
}

function localCommands(output: CommandOutput, program: Command, found: Found): void {
  const cluster = output
    .attach(program.command("cluster"))
    .description("Start, see and stop a cluster on this machine.")
    .usage("<command> [options]")
    .helpOption("-h, --help", "print this help, or that of a command")
    .helpCommand(false)
    .addHelpText("after", CLUSTER_EXAMPLES);
  withState(withSettings(output.attach(cluster.command("start"))))
    .description("Start a JobManager and TaskManagers as processes of this machine.")
    .option("-n, --taskmanagers <n>", "how many TaskManagers (default 1)", count(0, 256))
    .option("--slots <n>", "slots of each TaskManager", count(1, 1024))
    .option("--foreground", "stay, and end them all on Ctrl-C")
    .addHelpText("after", CLUSTER_EXAMPLES)
    .action((options: ClusterOptions) =>
      found({
        command: "clusterStart",
        ...common(options),
        taskManagers: options.taskmanagers ?? 1,
        slots: options.slots,
        foreground: options.foreground ?? false,
        state: options.state ?? DEFAULT_STATE_FOLDER,
      }),
    );
  const states = [
    ["stop", "clusterStop", "Stop what cluster start has started."],
    ["status", "clusterStatus", "Show which of its processes run."],
  ] as const;
  for (const [name, command, description] of states) {
    withState(withSettings(output.attach(cluster.command(name))))
      .description(description)
      .addHelpText("after", CLUSTER_EXAMPLES)
      .action((options: ClusterOptions) =>
        found({ command, ...common(options), state: options.state ?? DEFAULT_STATE_FOLDER }),
      );
  }
}

function common(options: ClusterOptions): Pick<ClusterRequest, "access" | "json" | "verbose"> {
  return { access: accessOf(options), json: options.json ?? false, verbose: options.verbose ?? false };
}

function rescaleRequest(job: string, options: ClusterOptions): ClusterRequest {
  const { parallelism, vertex = [] } = options;
  if ((parallelism === undefined) === (vertex.length === 0)) {
    throw new MillraceError("INVALID_ARGUMENT", "rescale takes -p, or --vertex, and not both", {
      help: "Write millrace rescale <job> -p 4.",
    });
  }
  return { command: "rescale", ...common(options), job, parallelism, vertices: vertex };
}

const withAccess = (command: Command): Command =>
  withSettings(command.option("-m, --jobmanager <address>", "the cluster's REST API: host:8081"));

const withSettings = (command: Command): Command =>
  command
    .option("--conf <folder>", "folder with config.yaml")
    .option("-D, --define <key=value>", "a setting; may be repeated", collect)
    .option("--json", "answer as JSON")
    .option("-v, --verbose", "show whole stack traces")
    .helpOption("-h, --help", "print this help");

const withState = (command: Command): Command =>
  command.option("--state <folder>", `where pids and logs are (default ${DEFAULT_STATE_FOLDER})`);

function count(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = parseParallelism(text) ?? (text === "0" ? 0 : Number(text));
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
