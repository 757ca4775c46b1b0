import { join } from "node:path";
import { pino } from "pino";
import { LOG_DIRECTORY, LOG_LEVEL, LOG_MAX_BYTES } from "../../common/config/cluster-options.ts";
import type { Config } from "../../common/config/configuration.ts";
import { isSecretSetting } from "../../common/config/secret-settings.ts";
import { preview } from "../../common/errors/preview.ts";
import { setting } from "../job-manager/job-master/setting.ts";
import { logFiles } from "./log-files.ts";
import type { LogFiles } from "./log-files.ts";
import type { Log } from "./log.ts";
import { logLine, redactor } from "./log-line.ts";
import { RotatingFile } from "./rotating-file.ts";

/** The log of a process of a cluster: to a file and to standard output. */
export interface ProcessLog {
  readonly log: Log;
  /** What jobs print in this process, to a file of its own. */
  readonly output: (bytes: Uint8Array) => void;
  /** Both files, and those that were put aside. */
  readonly files: LogFiles;
  /** The log's path. */
  readonly path: string;
  /** What comes later is dropped. */
  close(): void;
}

/** How a process logs. */
export interface ProcessLogOptions {
  /** How the names of its files begin: "millrace-taskmanager-tm1". */
  readonly name: string;
  /** env.log.*; values of secret settings are kept out of the log. */
  readonly settings: Config;
  /** Whether lines go to standard output, too. */
  readonly console: boolean;
}

/**
 * Begins a process's log, `<env.log.dir>/<name>.log`, with `<name>.out` beside it.
 *
 * @throws as the file system, where the folder can't be made or written
 */
export function openProcessLog({ name, settings, console }: ProcessLogOptions): ProcessLog {
  const folder = setting(settings, LOG_DIRECTORY);
  const maxBytes = setting(settings, LOG_MAX_BYTES);
  const path = join(folder, `${name}.log`);
  const file = new RotatingFile(path, maxBytes);
  const out = new RotatingFile(join(folder, `${name}.out`), maxBytes);
  // Nobody reads it any more: no reason to end.
  if (console) process.stdout.on("error", () => {});
  const redact = redactor(secretsOf(settings));
  const stream = {
    write(json: string): void {
      const line = redact(logLine(json));
      file.write(line);
      if (console) process.stdout.write(line);
    },
  };
  const logger = pino({ level: setting(settings, LOG_LEVEL), base: null }, stream);
  return {
    log(level, message, error) {
      if (error === undefined) logger[level](message);
      else
        logger[level](
          {
            err:
              error instanceof Error ? error : new Error(typeof error === "string" ? error : preview(error)),
          },
          message,
        );
    },
    output: (bytes) => out.write(bytes),
    files: logFiles(folder, name),
    path,
    close() {
      file.close();
      out.close();
    },
  };
}

const secretsOf = (settings: Config): readonly string[] =>
  Object.entries(settings)
    .filter(([key, value]) => isSecretSetting(key) && typeof value === "string")
    .map(([, value]) => value as string);
