import type { Command } from "commander";

/** Columns that help is written for. */
const HELP_WIDTH = 100;

/** What stands for a command's arguments where commands are listed. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  savepoint: "<command>",
  inspect: "<path>",
  check: "<path> <job.ts>",
  dispose: "<path>",
  trigger: "<job> [folder]",
  jobmanager: "",
  taskmanager: "",
  cluster: "<command>",
  start: "",
  list: "",
  cancel: "<job>",
  checkpoint: "<job>",
  rescale: "<job>",
  logs: "[process]",
};

function termOf(command: Command): string {
  const name = command.name();
  const ofCluster = command.parent?.name() === "cluster";
  const own = ARGUMENTS[name] ?? (name === "stop" || name === "status" ? "<job>" : "<job.ts>");
  return `${name} ${ofCluster ? "" : own}`.trimEnd();
}

/** What commander would print. */
export class CommandOutput {
  #text = "";

  get text(): string {
    return this.#text.trimEnd();
  }

  attach(command: Command): Command {
    return command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => (this.#text += text),
        // Errors are thrown as well.
        writeErr: () => {},
        outputError: () => {},
        getOutHelpWidth: () => HELP_WIDTH,
        getOutHasColors: () => false,
      })
      .configureHelp({ subcommandTerm: termOf });
  }

  helpOf(command: Command): string {
    this.#text = "";
    command.outputHelp();
    return this.text;
  }
}
