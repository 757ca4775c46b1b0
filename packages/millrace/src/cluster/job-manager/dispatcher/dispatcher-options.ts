import type { Clock } from "../../../common/clock/clock.ts";
import type { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { FileSystem } from "../../../runtime/checkpoint/storage/file-system.ts";
import type { LogFiles } from "../../logging/log-files.ts";
import type { Log } from "../../logging/log.ts";
import type { ResourceManager } from "../resource-manager/resource-manager.ts";
import type { DispatcherSettings } from "./dispatcher-settings.ts";
import type { SpawnJobThread } from "./jobs/job-thread.ts";
import type { ClusterStore } from "./store/open-store.ts";

/** What the Dispatcher is given. */
export interface DispatcherOptions {
  readonly settings: DispatcherSettings;
  readonly store: ClusterStore;
  /** Whether jobs survive this process: high availability. */
  readonly durable: boolean;
  readonly resources: ResourceManager;
  readonly spawn: SpawnJobThread;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly output: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  readonly engineVersion: string;
  /** This process's logs; undefined: there are none. */
  readonly logFiles: LogFiles | undefined;
  /** Another leads now: this process must stop at once. */
  readonly onFenced: (error: MillraceError) => void;
  /** The cluster is to end. */
  readonly onShutDown: () => void;
}
