import type { StreamGraph } from "./stream-graph.ts";

/** What a program's graph is built from. All plain data. */
export interface BuildRequest {
  /** As `parseArgs` gave them. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Settings of who runs the job; they win over those of the program. Parsed. */
  readonly config: Readonly<Record<string, unknown>>;
  /**
   * The values of `env.capture`: undefined at submission, where they are evaluated; later what `StreamGraph.captured` held then.
   */
  readonly captured: Readonly<Record<string, unknown>> | undefined;
}

/** How a job's arguments are given. */
export interface ArgsInput {
  /** `["--input", "flights.csv"]`, from a command line. */
  readonly argv?: readonly string[];
  /** Values by name, from a program; they win. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Makes paths absolute; default as they are. */
  readonly resolvePath?: (path: string) => string;
}

/** An argument of a job, described for help and plans. */
export interface ArgDescription {
  readonly name: string;
  /** "path", "int", "one of a, b" ... */
  readonly kind: string;
  readonly description: string | undefined;
  /** Whether it must be given. */
  readonly required: boolean;
  /** Its default as text; undefined where there is none. */
  readonly defaultText: string | undefined;
}

/**
 * A program as whoever runs it sees it: what a job module exports. It can be built any number of times; each build makes
 * its functions anew, and all builds of one request have the same fingerprint.
 */
export interface JobProgram {
  readonly "~millrace": "job";
  readonly name: string;
  /** The URL of the job's module. */
  readonly url: string;
  readonly description: string | undefined;
  readonly args: readonly ArgDescription[];
  /** The job's arguments, checked, parsed, frozen. @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION */
  parseArgs(input: ArgsInput): Readonly<Record<string, unknown>>;
  /** @throws MillraceError INVALID_GRAPH, and what the program throws */
  buildStreamGraph(request: BuildRequest): StreamGraph;
}

/** Whether what a module exports is a job. */
export const isJobProgram = (value: unknown): value is JobProgram =>
  typeof value === "object" &&
  value !== null &&
  (value as { "~millrace"?: unknown })["~millrace"] === "job" &&
  typeof (value as { buildStreamGraph?: unknown }).buildStreamGraph === "function";
