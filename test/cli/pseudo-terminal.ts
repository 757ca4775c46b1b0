import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

/**
 * Runs a command under a terminal of its own: its streams are the terminal, what is written on our standard input is typed, and what we read
 * is what the terminal gets. Ends with the command's exit code.
 */
const SCRIPT = `
import fcntl, os, pty, select, struct, sys, termios
columns, *command = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(columns), 0, 0))
    os.execv(command[0], command)
typing = True
while True:
    ready = select.select([terminal] + ([0] if typing else []), [], [])[0]
    if 0 in ready:
        typed = os.read(0, 1024)
        typing = len(typed) > 0
        if typing: os.write(terminal, typed)
    if terminal in ready:
        try: output = os.read(terminal, 65536)
        except OSError: break
        if not output: break
        os.write(1, output)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** Why there is no pseudo-terminal here; undefined where there is one. */
export function missingTerminal(): string | undefined {
  if (process.platform === "win32") return "Windows has no pseudo-terminals of this kind";
  const probe = spawnSync("python3", ["-c", "import pty, fcntl, termios; pty.openpty()"]);
  return probe.status === 0 ? undefined : "python3 with its pty module is not installed";
}

/** A command under a terminal of its own. */
export class PseudoTerminal {
  /** Everything that the terminal got so far. */
  output = "";
  readonly #child;
  readonly #ended: Promise<number | null>;
  #look = (): void => {};

  constructor(command: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv; columns: number }) {
    const { cwd, env, columns } = options;
    this.#child = spawn("python3", ["-c", SCRIPT, String(columns), ...command], {
      cwd,
      env: { ...env, TERM: "xterm" },
      timeout: 100_000,
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
      this.#look();
    });
    this.#ended = once(this.#child, "close").then(([code]) => code as number | null);
    void this.#ended.then(() => this.#look());
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Waits until the output matches. */
  async shows(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) {
      if (this.#child.exitCode !== null) throw new Error(`ended without ${pattern}: ${this.output}`);
      await new Promise<void>((resolve) => (this.#look = resolve));
    }
  }

  /** The exit code, when the command has ended. */
  ended(): Promise<number | null> {
    return this.#ended;
  }
}
