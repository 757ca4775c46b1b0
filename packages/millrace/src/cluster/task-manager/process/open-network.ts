import type { Clock } from "../../../common/clock/clock.ts";
import type { DataNetwork } from "../../../runtime/network/tcp/data-network.ts";
import type { Log } from "../../logging/log.ts";
import type { TlsEnds } from "../../transport/load-tls.ts";
import { processNetwork } from "./process-network.ts";
import type { TaskManagerSettings } from "./task-manager-settings.ts";

/** What a TaskManager's network is made of. */
export interface OpenNetworkOptions {
  readonly settings: TaskManagerSettings;
  readonly tls: TlsEnds | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export async function openNetwork({ settings }: OpenNetworkOptions): Promise<DataNetwork> {
  return processNetwork(settings.dataPort === 0 ? 1 : settings.dataPort);
}
