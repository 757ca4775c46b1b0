import { once } from "node:events";
import { createServer, get, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { pbkdf2 } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import { tempFolder, type TempFolder } from "../../../common/testing/temp-folder.ts";
import { PeerLog } from "../../logging/peer-log.ts";
import { ARTIFACT_PATH, serveArtifacts } from "./serve-artifacts.ts";

const derive = promisify(pbkdf2);
const SHA256 = "ab".repeat(32);

let folder: TempFolder;
let server: Server;
let logged: string[];
let peers: PeerLog;
beforeEach(async () => {
  folder = tempFolder();
  logged = [];
  peers = new PeerLog((level, message) => void logged.push(`${level} ${message}`), new ManualClock());
  const answer = serveArtifacts({ token: undefined, path: () => `${folder.path}/artifact`, peers });
  server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  peers.close();
  folder[Symbol.dispose]();
});

const fetchIt = async (): Promise<IncomingMessage> => {
  const { port } = server.address() as AddressInfo;
  const request = get({ port, path: `${ARTIFACT_PATH}${SHA256}`, agent: false });
  request.on("error", () => {});
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => {});
  return response;
};

describe("the server of artifacts", () => {
  it("says nothing of those who leave when they have everything", async () => {
    const content = Buffer.alloc(1000, "a");
    folder.write("artifact", content);
    // Threads that read files are kept busy, so that the end of the file is seen after the client has gone.
    const still = { busy: true };
    const load = Array.from({ length: 16 }, async () => {
      while (still.busy) await derive("a", "b", 10_000, 64, "sha512");
    });
    for (let i = 0; i < 5; i++) {
      const response = await fetchIt();
      const [chunk] = (await once(response, "data")) as [Uint8Array];
      expect(chunk.length).toBe(content.length);
      response.destroy();
    }
    still.busy = false;
    await Promise.all(load);
    expect(logged).toEqual([]);
  });

  it("tells of those who leave before", async () => {
    folder.write("artifact", Buffer.alloc(64 * 1024 * 1024, "a"));
    const response = await fetchIt();
    response.destroy();
    await expect
      .poll(() => logged)
      .toEqual([expect.stringMatching(/^warn an artifact could not be sent to /u)]);
  });
});
