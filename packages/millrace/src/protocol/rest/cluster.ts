import { Type, type Static } from "typebox";
import { Integer, named } from "./schema-parts.ts";

/** `GET /overview`: the cluster in numbers. */
export const Overview = named("Overview", {
  taskmanagers: Integer,
  "slots-total": Integer,
  "slots-available": Integer,
  "jobs-running": Integer,
  "jobs-finished": Integer,
  "jobs-cancelled": Integer,
  "jobs-failed": Integer,
  "flink-version": Type.String({ description: "the engine's name and version" }),
  "flink-commit": Type.String(),
  "taskmanagers-blocked": Integer,
  "slots-free-and-blocked": Integer,
});
export type Overview = Static<typeof Overview>;

/** `GET /config`: what the dashboard needs to know. */
export const DashboardConfig = named("DashboardConfig", {
  "refresh-interval": Integer,
  "timezone-name": Type.String(),
  "timezone-offset": Integer,
  "flink-version": Type.String(),
  "flink-revision": Type.String(),
  features: named("Features", {
    "web-submit": Type.Boolean(),
    "web-cancel": Type.Boolean(),
    "web-rescale": Type.Boolean(),
    "web-history": Type.Boolean(),
  }),
});
export type DashboardConfig = Static<typeof DashboardConfig>;

/** `GET /jobmanager/config`: its settings, secrets redacted. */
export const ConfigEntries = Type.Array(named("ConfigEntry", { key: Type.String(), value: Type.String() }));
export type ConfigEntries = Static<typeof ConfigEntries>;

/** `GET /jobmanager/environment`: what it runs on. "jvm" stands for Node.js. */
export const Environment = named("Environment", {
  jvm: named("RuntimeInfo", {
    version: Type.String(),
    arch: Type.String(),
    options: Type.Array(Type.String()),
  }),
  classpath: Type.Array(Type.String()),
});
export type Environment = Static<typeof Environment>;

/** Log files of a process. */
export const LogList = named("LogList", {
  logs: Type.Array(named("LogInfo", { name: Type.String(), size: Integer, mtime: Integer })),
});
export type LogList = Static<typeof LogList>;

/** What the threads of a process do. */
export const ThreadDumps = named("ThreadDumps", {
  threadInfos: Type.Array(
    named("ThreadInfo", { threadName: Type.String(), stringifiedThreadInfo: Type.String() }),
  ),
});
export type ThreadDumps = Static<typeof ThreadDumps>;
