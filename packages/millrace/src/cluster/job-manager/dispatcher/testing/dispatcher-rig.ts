import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import { artifactHeaderLine } from "../../../../protocol/cluster/artifact-header.ts";
import type { FileSystem } from "../../../../runtime/checkpoint/storage/file-system.ts";
import { nodeFileSystem } from "../../../../runtime/checkpoint/storage/node-file-system.ts";
import { loadClusterConfiguration } from "../../../configuration/load-cluster-configuration.ts";
import { PeerLog } from "../../../logging/peer-log.ts";
import { ScriptedJobMaster } from "../../process/testing/scripted-job-master.ts";
import { ResourceManager } from "../../resource-manager/resource-manager.ts";
import { resourceManagerSettings } from "../../resource-manager/resource-manager-settings.ts";
import type { ArtifactView } from "../dispatcher-gateway.ts";
import { dispatcherSettings } from "../dispatcher-settings.ts";
import { Dispatcher } from "../dispatcher.ts";
import { openClusterStore, type ClusterStore } from "../store/open-store.ts";

/** What made the artifacts, and takes them. */
const VERSION = "millrace 1";
let random = 0;
const randomBytes = (count: number): Uint8Array => {
  const bytes = new Uint8Array(count);
  new DataView(bytes.buffer).setUint32(0, ++random);
  return bytes;
};

/** A Dispatcher with high availability in a folder of a disk, without ports; threads of jobs do as the test says. */
export interface DispatcherRig {
  readonly dispatcher: Dispatcher;
  readonly store: ClusterStore;
  /** All threads of jobs that it has started. */
  readonly masters: readonly ScriptedJobMaster[];
  readonly clock: ManualClock;
  upload(text?: string): Promise<ArtifactView>;
}

/** How a rig differs from others. */
export interface RigOptions {
  /** What the store is kept with. Default: the machine's. */
  readonly fileSystem?: FileSystem;
  /** ms since the epoch. */
  readonly now?: number;
  /** Settings as on a command line. */
  readonly settings?: readonly string[];
}

/** Takes the lead in `<folder>/ha`, and recovers what the one before has left. */
export async function leadIn(folder: string, options: RigOptions = {}): Promise<DispatcherRig> {
  const { fileSystem = nodeFileSystem, now = 1_000_000, settings = [] } = options;
  const configuration = await loadClusterConfiguration({ env: {}, dynamic: settings });
  const clock = new ManualClock(now);
  const log = (): void => undefined;
  const store = await openClusterStore({
    fileSystem,
    folder: join(folder, "ha"),
    durable: true,
    leader: { host: "here", pid: 7, startedAt: now },
    engineVersion: VERSION,
    randomBytes,
  });
  const masters: ScriptedJobMaster[] = [];
  const dispatcher = new Dispatcher({
    settings: dispatcherSettings(configuration),
    store,
    durable: true,
    resources: new ResourceManager({
      epoch: store.leadership.epoch,
      settings: resourceManagerSettings(configuration.settings),
      engineVersion: VERSION,
      clock,
      log,
      peers: new PeerLog(log, clock),
      randomBytes,
      onFenced: log,
    }),
    spawn: (name) => {
      const master = new ScriptedJobMaster(name);
      masters.push(master);
      return master;
    },
    fileSystem,
    clock,
    log,
    randomBytes,
    output: log,
    engineVersion: VERSION,
    logFiles: undefined,
    onFenced: log,
    onShutDown: log,
  });
  await dispatcher.recover();
  const upload = async (text = "export default 1;"): Promise<ArtifactView> => {
    const path = join(folder, "upload.mjs");
    const header = { engineVersion: VERSION, originalUrl: "file:///jobs/count.ts", jobName: "count" };
    await writeFile(path, artifactHeaderLine(header) + text);
    return dispatcher.addArtifact({ path, name: "count.mjs" });
  };
  return { dispatcher, store, masters, clock, upload };
}
