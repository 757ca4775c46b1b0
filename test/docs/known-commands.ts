import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { requestConfig } from "../../packages/millrace/src/cli/commands/request-config.ts";
import { parseCommandLine } from "../../packages/millrace/src/cli/command-line/parse-command-line.ts";
import { NO_CHECKPOINT_FLAGS, type Request } from "../../packages/millrace/src/cli/command-line/requests.ts";
import { submitOptions } from "../../packages/millrace/src/cli/cluster/run-on-cluster.ts";
import { loadClusterConfiguration } from "../../packages/millrace/src/cluster/configuration/load-cluster-configuration.ts";
import { parseConfig } from "../../packages/millrace/src/common/config/configuration.ts";
import { restPaths } from "../../scripts/docs/rest-tables.ts";
import { repository } from "./workbench.ts";

/** Programs of others, which the documentation may call. */
const OTHERS: ReadonlySet<string> = new Set(["awk", "cat", "kill", "openssl", "tail"]);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly scripts?: Readonly<Record<string, string>>;
}

const manifest = (path: string): Manifest =>
  JSON.parse(readFileSync(join(repository, path), "utf8")) as Manifest;

const packages = globSync("packages/*/package.json", { cwd: repository }).map(manifest);
const scripts = manifest("package.json").scripts ?? {};

/** What a command of the documentation asks of `millrace`, `npm` or the REST API and can't have; undefined for a good one. */
export async function problemOfCommand(words: readonly string[]): Promise<string | undefined> {
  const [program = "", ...args] = words[0] === "npx" ? words.slice(1) : words;
  if (program === "millrace") return millraceProblem(args);
  if (program === "npm") return npmProblem(args);
  if (program === "curl") return curlProblem(args);
  // A job that is run by itself: what it is given is its own affair.
  if (program === "node" && args[0]?.endsWith(".ts")) return undefined;
  return OTHERS.has(program) ? undefined : `nothing is known of the program "${program}"`;
}

async function millraceProblem(args: readonly string[]): Promise<string | undefined> {
  try {
    const request = parseCommandLine(args, () => "");
    if (request.command === "text" && args.length === 0) return "it does nothing";
    await checkSettings(request);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Reads the settings as the command would. */
async function checkSettings(request: Request): Promise<void> {
  if ("cluster" in request && request.cluster !== undefined) {
    await loadClusterConfiguration({ dynamic: request.cluster.access.settings, env: {} });
    if ("checkpoints" in request) parseConfig(submitOptions(request, repository).config ?? {});
  } else if ("access" in request) {
    await loadClusterConfiguration({ dynamic: request.access.settings, env: {} });
  } else if ("settings" in request) {
    requestConfig(request, "checkpoints" in request ? request.checkpoints : NO_CHECKPOINT_FLAGS, repository);
  }
}

function npmProblem([command = "", ...args]: readonly string[]): string | undefined {
  if (command === "ci") return undefined;
  const script = command === "run" ? (args[0] ?? "") : command === "test" ? "test" : undefined;
  if (script !== undefined) return script in scripts ? undefined : `package.json has no script "${script}"`;
  if (command !== "install") return `nothing is known of npm ${command}`;
  for (const wanted of args.filter((arg) => !arg.startsWith("-"))) {
    const tarball = /([^/]+\.tgz)$/u.exec(wanted)?.[1];
    if (tarball !== undefined && !packages.some((it) => tarballOf(it) === tarball))
      return `npm run pack makes no ${tarball}`;
    if (wanted.startsWith("@millrace/") && !packages.some(({ name }) => name === wanted))
      return `there is no package ${wanted}`;
  }
  return undefined;
}

/** As `npm pack` names it. */
const tarballOf = ({ name, version }: Manifest): string =>
  `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;

/** Flags of curl that take a value. */
const CURL_VALUES: ReadonlySet<string> = new Set(["-X", "-H", "-F", "-d", "--cacert", "--cert"]);

function curlProblem(args: readonly string[]): string | undefined {
  const flags = new Map<string, string>();
  let url: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const word = args[at] as string;
    if (CURL_VALUES.has(word)) flags.set(word, args[++at] ?? "");
    else url = word;
  }
  if (url === undefined) return "curl without an address";
  const method = flags.get("-X") ?? (flags.has("-F") || flags.has("-d") ? "POST" : "GET");
  const path = url.replace(/^https?:\/\/[^/]+/u, "").replace(/\?.*$/u, "");
  const known = Object.entries(restPaths).some(
    ([template, operations]) => method.toLowerCase() in operations && matches(template, path),
  );
  if (!known) return `the REST API has no ${method} ${path}`;
  const body = flags.get("-d");
  try {
    if (body !== undefined) JSON.parse(body);
  } catch (error) {
    return `the body is no JSON: ${(error as Error).message}`;
  }
  return undefined;
}

function matches(template: string, path: string): boolean {
  const [wanted, found] = [template.split("/"), path.split("/")];
  return (
    wanted.length === found.length && wanted.every((part, at) => part.startsWith("{") || part === found[at])
  );
}

/** The module that a command runs or builds, where it is a file of the repository or a block of a document, and the arguments it gives it. */
export function jobOfCommand(
  words: readonly string[],
): { readonly module: string; readonly args: readonly string[] } | undefined {
  const [program = "", ...args] = words[0] === "npx" ? words.slice(1) : words;
  if (program === "node" && !args.includes("--")) return { module: args[0] ?? "", args: args.slice(1) };
  if (program !== "millrace") return undefined;
  const request = parseCommandLine(args, () => "");
  return "module" in request && "jobArgs" in request
    ? { module: request.module, args: request.jobArgs }
    : undefined;
}

/** Whether a module that a command names is a file of the repository. */
export const inRepository = (module: string): boolean => existsSync(join(repository, module));
