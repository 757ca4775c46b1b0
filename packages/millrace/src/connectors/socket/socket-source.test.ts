import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { Types } from "../../common/types/types.ts";
import { SourceRun } from "../testing/source-run.ts";
import { pauseBefore } from "./reconnect-policy.ts";
import { socketSource } from "./socket-source.ts";

/** A server on a port of its own that hands each connection to the next of `handlers`, the last one again and again. */
async function serve(...handlers: ((socket: Socket) => void)[]): Promise<{ server: Server; port: number }> {
  let connections = 0;
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    handlers[Math.min(connections++, handlers.length - 1)]!(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

const host = "127.0.0.1";

describe("socketSource", () => {
  it("reads lines until the server ends the connection", async () => {
    const { server, port } = await serve((socket) => {
      socket.write("one\ntw");
      setImmediate(() => socket.end("o\nthree"));
    });
    const run = await new SourceRun(socketSource({ host, port })).run();
    expect(run.records).toEqual(["one", "two", "three"]);
    run.close();
    server.close();
  });

  it("reads JSON, and lines with other ends", async () => {
    const { server, port } = await serve(
      (socket) => socket.end('{"id":1}\n{"id":2}\n'),
      (socket) => socket.end("a\r\nb\0c"),
    );
    const schema = Types.object({ id: Types.int });
    expect(
      (await new SourceRun(socketSource({ host, port, format: "jsonl", schema })).run()).records,
    ).toEqual([{ id: 1 }, { id: 2 }]);
    expect((await new SourceRun(socketSource({ host, port, delimiter: "\0" })).run()).records).toEqual([
      "a\r\nb",
      "c",
    ]);
    server.close();
  });

  it("connects again, drops the record that was cut short, and gives up after so many tries", async () => {
    const { server, port } = await serve(
      (socket) => {
        socket.write("one\ncut sho");
        setImmediate(() => socket.resetAndDestroy());
      },
      (socket) => {
        socket.end("two\n");
        server.close();
      },
    );
    const source = socketSource({ host, port, reconnect: { attempts: 2, delay: 1 } });
    const run = new SourceRun(source);
    await run.run(2);
    expect(run.records).toEqual(["one", "two"]);
    await expect(run.run()).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      message: expect.stringMatching(
        /can't read 127\.0\.0\.1:\d+ after 2 tries: the connection was refused/u,
      ) as string,
    });
  });

  it("says that nobody listens", async () => {
    const { server, port } = await serve(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    await expect(new SourceRun(socketSource({ host, port })).run()).rejects.toMatchObject({
      message: expect.stringContaining("does something listen there? (ECONNREFUSED)") as string,
    });
  });

  it("slows a fast server down, and lets go of it when closed", async () => {
    let sent = 0;
    let closed = false;
    const { server, port } = await serve((socket) => {
      const more = (): void => {
        while (!socket.destroyed && socket.write(`${"x".repeat(10_000)}\n`)) sent++;
      };
      socket.on("drain", more);
      socket.on("close", () => {
        closed = true;
      });
      more();
    });
    const run = new SourceRun(socketSource({ host, port }), { limit: 1 });
    await run.run(5);
    for (let before = -1; before !== sent;) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // What the operating system buffers is some megabytes at most.
    expect(sent).toBeLessThan(2000);
    run.close();
    await expect.poll(() => closed).toBe(true);
    server.close();
  });

  it("pauses longer each time, up to a bound", () => {
    const policy = { attempts: 9, delay: 100, maxDelay: 700 };
    expect([0, 1, 2, 3, 50].map((attempt) => pauseBefore(attempt, policy))).toEqual([
      100, 200, 400, 700, 700,
    ]);
  });

  it("refuses wrong options", () => {
    expect(() => socketSource({ port: 0 })).toThrow("socket source: option port: expected 1 to 65535, got 0");
    expect(() => socketSource({ port: 1, delimiter: "::" })).toThrow("option delimiter");
    expect(() => socketSource({ port: 1, reconnect: { attempts: 0 } })).toThrow("option reconnect.attempts");
    expect(() => socketSource({ prt: 1 } as never)).toThrow(`unknown option "prt"`);
  });
});
