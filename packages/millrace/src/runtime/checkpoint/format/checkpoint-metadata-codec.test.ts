import { describe, expect, it } from "vitest";
import { operatorUid } from "../../../common/ids/ids.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import { metadataOf } from "../storage/testing/checkpoint-metadata.ts";
import { decodeMetadata, encodeMetadata } from "./checkpoint-metadata-codec.ts";
import type { CheckpointMetadata, OperatorMetadata } from "./checkpoint-metadata.ts";
import { crcOfHeader } from "./testing/crc-of-header.ts";

const folder = "/checkpoints/job/chk-7";
const file = (path: string): StateBytes => ({ kind: "file", path, length: 5 });
const inline = (...bytes: number[]): StateBytes => ({ kind: "inline", bytes: Uint8Array.from(bytes) });

const operator: OperatorMetadata = {
  uid: operatorUid("source"),
  uidExplicit: false,
  name: "Source: flights",
  kind: "source",
  parallelism: 3,
  maxParallelism: 128,
  settings: { source: "file source" },
  coordinator: inline(1, 2, 3),
  subtasks: [
    {
      finished: true,
      keyed: undefined,
      operatorState: undefined,
      splits: [{ path: "a.csv", position: 10n, seen: new Map([["x", new Date(5)]]) }, undefined],
    },
    { finished: false, keyed: undefined, operatorState: inline(), splits: [] },
    {
      finished: false,
      keyed: {
        kind: "native",
        backend: "rocksdb",
        keyGroups: { start: 3, end: 9 },
        header: file(`${folder}/header`),
        files: [
          { name: "000001.sst", bytes: file("/checkpoints/job/shared/sst-5f") },
          { name: "CURRENT", bytes: inline(9) },
        ],
      },
      operatorState: file("/elsewhere/file"),
      splits: undefined,
    },
  ],
};

const metadata: CheckpointMetadata = {
  ...metadataOf(7, [file("/checkpoints/job/shared/a"), inline(7)], { kind: "savepoint", stop: "drain" }),
  channels: [
    {
      sourceUid: operatorUid("source"),
      sideOutput: undefined,
      targetUid: operatorUid("count"),
      targetInput: 0,
      producerSubtask: 1,
      consumerSubtask: 0,
      side: "unsent",
      records: 3,
      bytes: file("/checkpoints/job/shared/channel"),
    },
  ],
};
const full: CheckpointMetadata = { ...metadata, operators: [operator, ...metadata.operators] };

describe("metadata", () => {
  it("comes back as it was written, with paths relative to where it stands", () => {
    const bytes = encodeMetadata(full, folder);
    expect(decodeMetadata(bytes, `${folder}/_metadata`)).toStrictEqual(full);
    const text = Buffer.from(bytes).toString("latin1");
    expect([text.includes("../shared/sst-5f"), text.includes("/checkpoints/job")]).toEqual([true, false]);
    const moved = decodeMetadata(bytes, "/moved/here/chk-7/_metadata");
    expect(moved.channels[0]!.bytes).toEqual(file("/moved/here/shared/channel"));
    expect(moved.operators[0]!.subtasks[2]!.keyed).toMatchObject({
      header: file("/moved/here/chk-7/header"),
    });
    expect(decodeMetadata(encodeMetadata(metadataOf(1, []), folder), "/x/_metadata")).toStrictEqual(
      metadataOf(1, []),
    );
  });

  it("keeps what a later version may have added", () => {
    const later = { ...full, region: "north", operators: [{ ...operator, resources: { cpu: 1 } }] };
    expect(decodeMetadata(encodeMetadata(later, folder), `${folder}/_metadata`)).toStrictEqual(later);
  });

  it("names the block and the field that is not as it should be", () => {
    const wrong = { ...metadata, operators: [operator, { ...operator, parallelism: "3" }] };
    const bytes = encodeMetadata(wrong as unknown as CheckpointMetadata, folder);
    expect(() => decodeMetadata(bytes, `${folder}/_metadata`)).toThrowError(
      expect.objectContaining({
        code: "CHECKPOINT_CORRUPT",
        message: expect.stringMatching(
          /chk-7\/_metadata, block 2 at byte \d+: parallelism: expected int, got "3"$/u,
        ),
      }),
    );
  });

  it.each([
    [6, "2 (blocks 1)"],
    [4, "1 (blocks 2)"],
  ])("refuses another version of the format (byte %i)", (at, version) => {
    const bytes = encodeMetadata(full, folder);
    bytes[at] = 2;
    crcOfHeader(bytes);
    expect(() => decodeMetadata(bytes, `${folder}/_metadata`)).toThrowError(
      expect.objectContaining({
        code: "RESTORE_REFUSED",
        message: `${folder}/_metadata was written in format ${version} of checkpoints, and this version of Millrace reads format 1 (blocks 1)`,
      }),
    );
  });

  it("is told from other files of a checkpoint", () => {
    const bytes = encodeMetadata(full, folder);
    bytes[5] = 2;
    crcOfHeader(bytes);
    expect(() => decodeMetadata(bytes, `${folder}/_metadata`)).toThrowError(
      "expected metadata, found keyed state",
    );
    for (const other of [new Uint8Array(0), new Uint8Array(500), Buffer.from("x".repeat(500))])
      expect(() => decodeMetadata(other, `${folder}/_metadata`)).toThrowError(
        expect.objectContaining({ code: "CHECKPOINT_CORRUPT" }),
      );
  });
});
