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
  const named = argv.find((arg) => arg === "run" || arg === "info");
  switch (code) {
    case UNKNOWN_FLAG:
      return named === undefined
        ? "millrace --help shows what there is."
        : `millrace ${named} --help shows what there is; arguments of the job itself come after "--".`;
    case "commander.excessArguments":
      return 'One job is taken at a time; arguments of the job itself come after "--".';
    case "commander.unknownCommand":
      return "millrace --help shows the commands.";
    default:
      return `millrace ${named === undefined ? "" : `${named} `}--help shows what is expected.`;
  }
}
