import type { Clock } from "../../../common/clock/clock.ts";
import type { DataNetwork } from "../../../runtime/network/tcp/data-network.ts";
import { openDataNetwork } from "../../../runtime/network/tcp/open-data-network.ts";
import { tlsSockets } from "../../../runtime/network/tcp/tls-sockets.ts";
import type { Log } from "../../logging/log.ts";
import type { PeerLog } from "../../logging/peer-log.ts";
import type { InternalTls } from "../../transport/load-tls.ts";
import type { TaskManagerSettings } from "./task-manager-settings.ts";

/** What a TaskManager's network is made of. */
export interface OpenNetworkOptions {
  readonly settings: TaskManagerSettings;
  readonly tls: InternalTls | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly peers: PeerLog;
}

/** Opens the data port as the settings say. @throws INVALID_ARGUMENT when nothing can listen there */
export const openNetwork = ({ settings, tls, clock, log, peers }: OpenNetworkOptions): Promise<DataNetwork> =>
  openDataNetwork({
    taskManagerId: settings.taskManagerId,
    host: settings.bindHost,
    port: settings.dataPort,
    clock,
    log: (message, stranger) =>
      stranger === undefined ? log("info", message) : peers.about(stranger, "data")("warn", message),
    heartbeatTimeout: settings.heartbeatTimeout,
    heartbeatInterval: Math.max(1, Math.floor(settings.heartbeatTimeout / 5)),
    ...(tls === undefined ? {} : { sockets: tlsSockets(tls.identity) }),
  });
