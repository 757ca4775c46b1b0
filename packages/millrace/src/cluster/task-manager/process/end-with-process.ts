import type { Log } from "../../logging/log.ts";

/**
 * Ends what a process is there for when the process is to end: in order on SIGTERM and SIGINT, at once on the second; in order, with the error,
 * when something was thrown that nobody has caught, because what is left can't be relied on.
 */
export function endWithProcess(log: Log, close: (error?: Error) => Promise<void>): void {
  let asked = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    log("info", `got ${signal}`);
    if (asked) process.exit(1);
    asked = true;
    void close();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  const onError = (error: unknown): void => {
    log("error", "something was thrown that nobody has caught", error);
    void close(error instanceof Error ? error : new Error(String(error)));
  };
  process.on("uncaughtException", onError);
  process.on("unhandledRejection", onError);
}
