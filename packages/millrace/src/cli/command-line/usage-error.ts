import { MillraceError } from "../../common/errors/millrace-error.ts";

/** Commander's code of a flag that it doesn't know. */
const UNKNOWN_FLAG = "commander.unknownOption";

/**
 * What is wrong with a command line, as an error of ours.
 *
 * @param message what the parser says: "error: unknown option '--paralelism'\n(Did you mean --parallelism?)"
 * @param code the parser's own
 * @param argv what it was given
 */
export function usageError(message: string, code: string, argv: readonly string[]): MillraceError {
  const [first = "", ...rest] = message.replace(/^error: /u, "").split("\n");
  const suggestion = rest.join(" ").replace(/^\((?<text>.*)\)$/u, "$<text>");
  const help = [suggestion, advice(code, argv)].filter((text) => text !== "").join(" ");
  return new MillraceError(
    code === UNKNOWN_FLAG ? "UNKNOWN_OPTION" : "INVALID_ARGUMENT",
    first.replace(/\.$/u, ""),
    { help },
  );
}

function advice(code: string, argv: readonly string[]): string {
  const named = commandOf(argv);
  switch (code) {
    case UNKNOWN_FLAG:
      return named === undefined
        ? "millrace --help shows what there is."
        : `millrace ${named} --help shows what there is${takesJob(named) ? '; arguments of the job itself come after "--"' : ""}.`;
    case "commander.excessArguments":
      return named !== undefined && !takesJob(named)
        ? `millrace ${named} --help shows what is expected.`
        : 'One job is taken at a time; arguments of the job itself come after "--".';
    case "commander.unknownCommand":
      return `millrace ${named === "savepoint" || named === "cluster" ? `${named} ` : ""}--help shows the commands.`;
    default:
      return `millrace ${named === undefined ? "" : `${named} `}--help shows what is expected.`;
  }
}

/** The command that a line begins with: "run", "savepoint check". */
function commandOf(argv: readonly string[]): string | undefined {
  const [first, second] = argv.filter((arg) => !arg.startsWith("-"));
  if (first === "savepoint") return SAVEPOINT.includes(second ?? "") ? `savepoint ${second}` : "savepoint";
  if (first === "cluster") return LOCAL_CLUSTER.includes(second ?? "") ? `cluster ${second}` : "cluster";
  return first !== undefined && [...JOB_COMMANDS, ...OTHERS].includes(first) ? first : undefined;
}

const JOB_COMMANDS = ["run", "dev", "info"];
const SAVEPOINT = ["inspect", "check", "dispose", "trigger"];
const LOCAL_CLUSTER = ["start", "stop", "status"];
const OTHERS = [
  "jobmanager",
  "taskmanager",
  "list",
  "status",
  "cancel",
  "stop",
  "checkpoint",
  "rescale",
  "logs",
];

const takesJob = (command: string): boolean =>
  JOB_COMMANDS.includes(command) || command === "savepoint check";
