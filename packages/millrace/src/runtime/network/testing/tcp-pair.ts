import type { MessagePort } from "node:worker_threads";
import { SystemClock } from "../../../common/clock/system-clock.ts";
import type { JobId } from "../../../common/ids/ids.ts";
import type { DataExchange, DataNetwork, ExchangeOrder } from "../tcp/data-network.ts";
import { openDataNetwork } from "../tcp/open-data-network.ts";
import type { DataNetworkOptions } from "../tcp/open-data-network.ts";

/** Channels between slots, as the JobMaster plans them. */
export type TestChannel = ExchangeOrder["channels"][number];

/** What an exchange between test processes is like. */
export interface TestExchange {
  readonly name: string;
  readonly channels: readonly TestChannel[];
  /** Slots of each network, in the networks' order. */
  readonly slots: readonly (readonly number[])[];
  /** Bytes for frames into one slot. */
  readonly networkMemory: number;
  readonly attempt?: number;
}

/** Some data networks in this process, as if each was one's own. */
export class TestNetworks {
  readonly networks: DataNetwork[] = [];
  /** What they logged. */
  readonly log: string[] = [];

  /** @param count how many */
  static async open(count: number, options: Partial<DataNetworkOptions> = {}): Promise<TestNetworks> {
    const networks = new TestNetworks();
    for (let i = 0; i < count; i++) {
      networks.networks.push(
        await openDataNetwork({
          taskManagerId: `tm-${i}`,
          host: "127.0.0.1",
          port: 0,
          clock: new SystemClock(),
          log: (line) => networks.log.push(line),
          ...options,
        }),
      );
    }
    return networks;
  }

  /** The order as the network of this number gets it. */
  order(exchange: TestExchange, index: number): ExchangeOrder {
    const { name, channels, slots, networkMemory } = exchange;
    const mine = new Set(slots[index]);
    const slotCount = slots.flat().length;
    return {
      token: { epoch: 1, jobId: "job" as JobId, attempt: exchange.attempt ?? 1 },
      exchange: name,
      secret: "5ec2e7".repeat(10),
      slotCount,
      channels: channels.filter(
        ({ producerSlot, consumerSlot }) => mine.has(producerSlot) || mine.has(consumerSlot),
      ),
      incoming: Array.from(
        { length: slotCount },
        (_, slot) => channels.filter(({ consumerSlot }) => consumerSlot === slot).length,
      ),
      slots: [...mine],
      networkMemory,
      peers: this.networks.flatMap(({ port }, other) =>
        other === index
          ? []
          : [
              {
                taskManagerId: `tm-${other}`,
                host: "127.0.0.1",
                dataPort: port,
                slots: slots[other] as readonly number[],
                networkMemory,
              },
            ],
      ),
    };
  }

  /** Opens it everywhere. */
  openExchange(exchange: TestExchange): readonly DataExchange[] {
    return this.networks.map((network, index) => network.openExchange(this.order(exchange, index)));
  }

  /** Waits until nothing moves any more: all that was sent has arrived, and was looked at. */
  async settled(turns = 6): Promise<void> {
    let before = "";
    for (let quiet = 0; quiet < turns;) {
      await new Promise((resolve) => setImmediate(resolve));
      const metrics = this.networks.map((network) => network.metrics());
      const sum = (key: "bytesSent" | "bytesReceived" | "bytesWaiting"): number =>
        metrics.reduce((total, metric) => total + metric[key], 0);
      const now = JSON.stringify(metrics);
      const still = now === before && sum("bytesSent") === sum("bytesReceived") && sum("bytesWaiting") === 0;
      quiet = still ? quiet + 1 : 0;
      before = now;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.networks.map((network) => network.close()));
  }
}

/** Where the slots of a thread ring those of its process: the relay by its line, no others. */
export function relayBell(port: MessagePort, relay: number): (slot: number) => void {
  return (slot) => {
    if (slot === relay) port.postMessage(0);
  };
}
