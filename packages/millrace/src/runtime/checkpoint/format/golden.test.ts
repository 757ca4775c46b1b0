import { expect, it } from "vitest";
import { operatorUid } from "../../../common/ids/ids.ts";
import { Types } from "../../../common/types/types.ts";
import type { StateBytes } from "../../../protocol/control/snapshots.ts";
import { metadataOf } from "../storage/testing/checkpoint-metadata.ts";
import { decodeMetadata, encodeMetadata } from "./checkpoint-metadata-codec.ts";
import { encodeOperatorState } from "./encode-operator-state.ts";
import { openKeyedPart } from "./open-keyed-part.ts";
import { openOperatorState } from "./open-operator-state.ts";
import { operatorStateMeta } from "./operator-state.ts";
import { entriesOf, inMemory, stateMeta, valueEntry, writePart } from "./testing/write-part.ts";

/* What was released is read for ever. When one of these is written in other bytes, old checkpoints may not be read any more. */

const PART =
  "iU1SQwECAQAAAAAAU2zwUbcAAAABAAAAAAAAABlNOPwBegoGCAYGDgSAAAAADgQBAAAACQoCBQQAAAAAAwSAAAAABwYEBgkBCgYE" +
  "BgEGBgUEBgUDAgcABAoBBAYDb3BlcmF0b3J0b3RhbHNtYXhQYXJhbGxlbGlzbWtleUhhc2hWZXJzaW9ua2V5R3JvdXBzc3RhcnRl" +
  "bmRjb250ZW50ZnVsbHN0YXRlc25hbWVubGF5b3V0a2V5ZWRraW5kdmFsdWV0dGxrZXlUeXBldHlwZWtpbmRpbnQkAAAAAgAAAAEA" +
  "AADcmsEIAQAAAAIAAAAOAAAABgAAAAAGAwcAAAAABgMIAAAAQW5uQm9iLQAAAP8AAAACAAAAGE6x8wEAAQUAAAAGAAAAAAAAAAAA" +
  "QI9AAQIAAAAFAAAAAAAAAAIAAAA0AAAAEAAAAAsBAAAAAAAAAgAAAAAAAAB9vL5NQ1JNiQ==";

const OPERATOR_STATE =
  "iU1SQwEDAQAAAAAA52eH92cAAAABAAAAAAAAABFLdMUBRQoCCAYBBgkBCgcEBgEGBgUEBgQDAgcABAoBBAYDBAYFb3BlcmF0b3Jj" +
  "c3RhdGVzbmFtZWxsYXlvdXRrZXllZGtpbmRsaXN0dHRsa2V5VHlwZXR5cGVraW5kaW50bW9kZXNwbGl0HAAAAAIAAAABAAAAIiZO" +
  "OAEAAAACAAAADAAAAAAAAAAAAQEAAAAAAAIAAAAcAAAA/wAAAAIAAAAUBVEwAQAAAQIAAAAAAAAAAAAAAAIAAAAsAAAAAAAAALMA" +
  "AAAAAAAAAgAAAAAAAADNULMqQ1JNiQ==";

const METADATA =
  "iU1SQwEBAQAAAAAAznYYYMAAAAABAAAAAAAAAEUlw4MBjwoKBgQBAAAABgYOBQYgBwYFDAQHAAAACwToAwAACwTcBQAABAYKBAYC" +
  "DgQBAAAAZm9ybWF0d3JpdGVybWlsbHJhY2UgMC4wLjBqb2JJZGEwYTFhMmEzYTRhNWE2YTdhOGE5YWFhYmFjYWRhZWFmam9iTmFt" +
  "ZWEgam9iY2hlY2twb2ludElkdHJpZ2dlcmVkQXRjb21wbGV0ZWRBdGtpbmRjaGVja3BvaW50c3RvcG5va2V5SGFzaFZlcnNpb24f" +
  "AQAAAgAAAAEAAAAQsvhrAcgKCAMGBQsDBAYFBAYHCwQBAAAADgSAAAAACwAICQEKBAgCBQoDBAYJCQoCBQQAAAAAAwSAAAAABQkC" +
  "CgMEBgQEBhEGBAUAAAAKAgQGBgUNAQENAAYAdWlkY291bnR1aWRFeHBsaWNpdG5hbWVjb3VudGtpbmRwcm9jZXNzcGFyYWxsZWxp" +
  "c21tYXhQYXJhbGxlbGlzbWNvb3JkaW5hdG9yc3VidGFza3NmaW5pc2hlZGtleWVka2luZGNhbm9uaWNhbGtleUdyb3Vwc3N0YXJ0" +
  "ZW5kcGFydHNraW5kZmlsZXBhdGguLi9zaGFyZWQvY291bnQtMGxlbmd0aGtpbmRpbmxpbmVieXRlc29wZXJhdG9yU3RhdGVzcGxp" +
  "dHMEAAAAAwAAAAIAAABzDk9kAQAJAAAAAAD/AAAAAwAAAGdvK08jAgAAAAAAAAMAAAAAAAAAqDJF9ENSTYk=";

const OWNED_METADATA =
  "iU1SQwEBAQAAAAAAznYYYMsAAAABAAAAAAAAACpZew0BlAoLBgQBAAAABgYOBQYgBwYFDAQHAAAACwToAwAACwTcBQAABAYKBAYCDgQB" +
  "AAAABQQDAAAAZm9ybWF0d3JpdGVybWlsbHJhY2UgMC4wLjBqb2JJZGEwYTFhMmEzYTRhNWE2YTdhOGE5YWFhYmFjYWRhZWFmam9iTmFt" +
  "ZWEgam9iY2hlY2twb2ludElkdHJpZ2dlcmVkQXRjb21wbGV0ZWRBdGtpbmRjaGVja3BvaW50c3RvcG5va2V5SGFzaFZlcnNpb25lcG9j" +
  "aB8BAAACAAAAAQAAABCy+GsByAoIAwYFCwMEBgUEBgcLBAEAAAAOBIAAAAALAAgJAQoECAIFCgMEBgkJCgIFBAAAAAADBIAAAAAFCQIK" +
  "AwQGBAQGEQYEBQAAAAoCBAYGBQ0BAQ0ABgB1aWRjb3VudHVpZEV4cGxpY2l0bmFtZWNvdW50a2luZHByb2Nlc3NwYXJhbGxlbGlzbW1h" +
  "eFBhcmFsbGVsaXNtY29vcmRpbmF0b3JzdWJ0YXNrc2ZpbmlzaGVka2V5ZWRraW5kY2Fub25pY2Fsa2V5R3JvdXBzc3RhcnRlbmRwYXJ0" +
  "c2tpbmRmaWxlcGF0aC4uL3NoYXJlZC9jb3VudC0wbGVuZ3Roa2luZGlubGluZWJ5dGVzb3BlcmF0b3JTdGF0ZXNwbGl0cwQAAAADAAAA" +
  "AgAAAHMOT2QBAAkAAAAAAP8AAAADAAAAZ28rTy4CAAAAAAAAAwAAAAAAAADxcA/9Q1JNiQ==";

const inline = (base64: string): StateBytes => ({
  kind: "inline",
  bytes: new Uint8Array(Buffer.from(base64, "base64")),
});

it("keyed state is written and read as ever", async () => {
  const meta = stateMeta({ name: "n", type: Types.int });
  const entries = [valueEntry("Ann", 7), valueEntry("Bob", 8)];
  expect(await writePart([meta], { 5: { watermark: 1000, entries } })).toEqual(inline(PART));
  const part = openKeyedPart(inMemory, inline(PART));
  expect([part.watermark(5), entriesOf(part, 0, 5, meta)]).toEqual([1000, entries]);
});

it("operator state is written and read as ever", () => {
  const meta = operatorStateMeta("l", "list", Types.int);
  const bytes = encodeOperatorState(operatorUid("c"), [{ mode: "split", meta, elements: [1, 2] }]);
  expect(Buffer.from(bytes).toString("base64")).toBe(OPERATOR_STATE);
  expect(openOperatorState(inMemory, inline(OPERATOR_STATE)).states[0]!.elements(meta)).toEqual([1, 2]);
});

it("metadata is written and read as ever", () => {
  const parts: StateBytes[] = [{ kind: "file", path: "/c/j/shared/count-0", length: 5 }, inline("AQ==")];
  const metadata = metadataOf(7, parts);
  expect(Buffer.from(encodeMetadata(metadata, "/c/j/chk-7")).toString("base64")).toBe(METADATA);
  expect(decodeMetadata(Buffer.from(METADATA, "base64"), "/c/j/chk-7/_metadata")).toEqual(metadata);
});

it("metadata without an epoch is of the time before there were owners; with one, both are kept", () => {
  const before = decodeMetadata(Buffer.from(METADATA, "base64"), "/c/j/chk-7/_metadata");
  expect("epoch" in before).toBe(false);
  const owned = { ...before, epoch: 3 };
  const bytes = encodeMetadata(owned, "/c/j/chk-7-3");
  expect(Buffer.from(bytes).toString("base64")).toBe(OWNED_METADATA);
  expect(decodeMetadata(bytes, "/c/j/chk-7-3/_metadata")).toEqual(owned);
});
