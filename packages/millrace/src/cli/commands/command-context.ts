import type { Engine } from "../engine.ts";
import type { Reporter } from "../report/reporter.ts";
import type { OutputWatch } from "../terminal/output-watch.ts";
import type { Screen } from "../terminal/screen.ts";

/** What commands work with. */
export interface CommandContext {
  readonly screen: Screen;
  readonly reporter: Reporter;
  readonly output: OutputWatch;
  readonly cwd: string;
  /** Loads the engine; the same one each time. */
  readonly engine: () => Promise<Engine>;
}
