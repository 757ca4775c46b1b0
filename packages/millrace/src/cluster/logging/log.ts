/** How important a line of a log is. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** Takes a line of a process's log. `error`: what it is about; its stack and causes are logged, too. */
export type Log = (level: LogLevel, message: string, error?: unknown) => void;
