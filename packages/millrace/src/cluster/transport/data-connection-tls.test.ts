import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { DataExchange } from "../../runtime/network/tcp/data-network.ts";
import { tlsSockets } from "../../runtime/network/tcp/tls-sockets.ts";
import type { Item } from "../../runtime/network/testing/channel-rig.ts";
import { END, event, fill, numbers, readUntil, upTo } from "../../runtime/network/testing/channel-steps.ts";
import { readerEnd, writerEnd } from "../../runtime/network/testing/ring-rig.ts";
import { TestNetworks } from "../../runtime/network/testing/tcp-pair.ts";
import type { TestExchange } from "../../runtime/network/testing/tcp-pair.ts";
import { openSlot } from "../../runtime/network/testing/tcp-rig.ts";
import { createAuthority } from "./testing/certificates.ts";
import type { TestAuthority } from "./testing/certificates.ts";

const EXCHANGE: TestExchange = {
  name: "exchange",
  channels: [{ id: 0, producerSlot: 0, consumerSlot: 1 }],
  slots: [[0], [1]],
  networkMemory: 4 * 16 * 1024,
};

const ours = createAuthority("cluster");
const socketsOf = (authority: TestAuthority, trusted = authority) => {
  const pem = authority.issue("task-manager");
  return tlsSockets({ key: pem, cert: pem, ca: trusted.certificate });
};

let networks: TestNetworks | undefined;
let strangers: TestNetworks | undefined;
afterEach(async () => {
  await Promise.all([networks?.close(), strangers?.close()]);
});

describe("data connections under TLS", () => {
  it("carry frames, large ones and small ones, once and in order", async () => {
    networks = await TestNetworks.open(2, { sockets: socketsOf(ours) });
    const [from, to] = networks.openExchange(EXCHANGE) as [DataExchange, DataExchange];
    const [a, b] = [openSlot(from, 0), openSlot(to, 1)];
    const writer = writerEnd(a.slot, a.network, 0);
    const reader = readerEnd(b.slot, b.network, 0);
    const got: Item[] = [];
    const read = readUntil(reader, got, (items) => items.some((item) => "event" in item));
    let written = 0;
    while (written < 20_000) {
      const report = await writer.run([fill(written, 20_000 - written)]);
      written += report.filled;
      if (report.blocked) await writer.told("unblocked");
    }
    await writer.run([event(END)]);
    await read;
    expect(numbers(got)).toEqual(upTo(20_000));
    expect(networks.log).toEqual([]);
  });

  it("are not made with who has a certificate of somebody else, or none", async () => {
    networks = await TestNetworks.open(2, { sockets: socketsOf(ours) });
    const port = networks.networks[1]!.port;
    // Trusts this cluster, which doesn't trust it.
    strangers = await TestNetworks.open(1, { sockets: socketsOf(createAuthority("others"), ours) });
    const order = networks.order(EXCHANGE, 0);
    const exchange = strangers.networks[0]!.openExchange(order);
    const { slot, network } = openSlot(exchange, 0);
    await writerEnd(slot, network, 0).told("failed CONNECTION_LOST");
    const plain = connect(port, "127.0.0.1");
    plain.on("error", () => undefined);
    plain.write("MILLRACE without any certificate");
    await once(plain, "close");
    expect(networks.networks[1]!.metrics()).toMatchObject({ incoming: 0, framesReceived: 0 });
    expect(networks.log.join("\n")).toMatch(
      /^a data connection of 127\.0\.0\.1:\d+ was refused: its certificate is not signed by an authority that is trusted here\na data connection of 127\.0\.0\.1:\d+ was refused: it does not speak TLS$/u,
    );
  });
});
