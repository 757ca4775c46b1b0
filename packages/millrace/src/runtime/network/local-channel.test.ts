import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { LocalChannel } from "./local-channel.ts";
import { ToldListener } from "./testing/channel-ends.ts";
import { channelSuite } from "./testing/channel-suite.ts";
import { localRig } from "./testing/local-rig.ts";

channelSuite("local", localRig);

describe("LocalChannel", () => {
  const open = (options: { capacity?: number; freeze?: boolean } = {}) => {
    const listener = new ToldListener();
    const writer = new LocalChannel({ id: 1, index: 0, input: 0, ...options }, listener);
    return { writer, reader: writer.reader, listener };
  };

  it("hands over the very objects, and freezes them deeply only when asked", () => {
    const plain = open();
    const value = { inner: { n: 1 } };
    plain.writer.record(value, 1);
    plain.reader.cursor.next();
    expect(plain.reader.cursor.value).toBe(value);
    expect(Object.isFrozen(value)).toBe(false);

    const frozen = open({ freeze: true });
    frozen.writer.record(value, 1);
    expect(Object.isFrozen(value.inner)).toBe(true);
  });

  it("ends a frame after some hundred elements, and before each event", () => {
    const { writer, reader } = open({ capacity: 4096 });
    for (let n = 0; n < 1000; n++) writer.record(n, n);
    writer.event({ kind: "idle" });
    writer.record(1000, 1000);
    const frames: number[] = [];
    while (reader.head() !== "none") {
      if (reader.head() === "event") {
        frames.push(0);
        reader.takeEvent();
        continue;
      }
      let elements = 0;
      while (reader.cursor.next() !== 0) elements++;
      reader.release();
      frames.push(elements);
    }
    expect(frames).toEqual([512, 488, 0, 1]);
  });

  it("stays at the frame until it is released, and tells of nothing that comes meanwhile", () => {
    const { writer, reader } = open();
    let readable = 0;
    reader.onReadable = () => readable++;
    writer.record(1, 1);
    reader.cursor.next();
    expect(reader.head()).toBe("data");
    writer.event({ kind: "idle" });
    expect(reader.head()).toBe("data");
    expect(reader.cursor.next()).toBe(0);
    reader.release();
    expect(reader.head()).toBe("event");
    expect(readable).toBe(1);
  });

  it("keeps no record that was read", async () => {
    const { writer, reader } = open({ capacity: 8 });
    const refs: WeakRef<object>[] = [];
    (() => {
      for (let n = 0; n < 100; n++) {
        const value = { n };
        refs.push(new WeakRef(value));
        writer.record(value, n);
      }
      while (reader.cursor.next() !== 0);
      reader.release();
    })();
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([]);
  });

  it("refuses to take an event that is not there", () => {
    expect(() => open().reader.takeEvent()).toThrow(/head is none/u);
  });
});

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc()");
}
