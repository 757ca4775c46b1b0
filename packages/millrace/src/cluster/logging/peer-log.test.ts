import { beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../common/clock/manual-clock.ts";
import { PeerLog } from "./peer-log.ts";

let clock: ManualClock;
let lines: string[];
let peers: PeerLog;
beforeEach(() => {
  clock = new ManualClock();
  lines = [];
  peers = new PeerLog((level, message) => void lines.push(`${level} ${message}`), clock);
});

/** One line about each of so many connections of a host. */
function knock(host: string, count: number, kind = "token"): void {
  for (let port = 1; port <= count; port++) {
    const peer = `${host}:${port}`;
    peers.about(peer, kind)("info", `${kind}: refused ${peer}`);
  }
}
const taken = (): string[] => lines.splice(0);

describe("a log about peers", () => {
  it("has the first lines about an address whole, then counts of each minute", () => {
    knock("10.0.0.9", 1000);
    expect(taken()).toEqual(Array.from({ length: 10 }, (_, i) => `info token: refused 10.0.0.9:${i + 1}`));
    clock.advance(60_000);
    expect(taken()).toEqual([
      "warn 990 more lines about 10.0.0.9 in a minute, the last of them: token: refused 10.0.0.9:1000",
    ]);
    knock("10.0.0.9", 2);
    clock.advance(60_000);
    expect(taken()).toEqual([
      "warn 2 more lines about 10.0.0.9 in a minute, the last of them: token: refused 10.0.0.9:2",
    ]);
  });

  it("begins anew after a minute of peace, and has no timer then", () => {
    knock("10.0.0.9", 11);
    clock.advance(120_000);
    taken();
    expect(clock.nextTimer).toBe(Infinity);
    knock("10.0.0.9", 1);
    expect(taken()).toEqual(["info token: refused 10.0.0.9:1"]);
  });

  it("counts addresses and kinds apart, of whatever form", () => {
    for (const host of ["10.0.0.9", "[::1]", "[fe80::1:2]"]) {
      knock(host, 12);
      knock(host, 11, "http");
    }
    expect(taken()).toHaveLength(60);
    peers.close();
    expect(taken().map((line) => line.replace(/, the last.*/u, ""))).toEqual(
      ["10.0.0.9", "::1", "fe80::1:2"].flatMap((host) => [
        `warn 2 more lines about ${host} in a minute`,
        `warn 1 more lines about ${host} in a minute`,
      ]),
    );
  });

  it("keeps few lines and little memory however many addresses there are", () => {
    for (let host = 0; host < 10_000; host++) knock(`2001:db8::${host.toString(16)}`, 1);
    expect(taken()).toHaveLength(110);
    clock.advance(60_000);
    expect(taken()).toEqual([
      "warn 9890 more lines about other addresses in a minute, the last of them: token: refused 2001:db8::270f:1",
    ]);
  });

  it("tells what it has counted when it is closed, and is no more in the way", () => {
    knock("10.0.0.9", 13);
    peers.close();
    expect(taken().at(-1)).toContain("3 more lines about 10.0.0.9");
    expect(clock.nextTimer).toBe(Infinity);
    knock("10.0.0.9", 11);
    expect(taken()).toHaveLength(11);
  });
});
