/*
 * Codecs alone, on Nexmark bids of about 130 bytes: M records/s of encoding into and decoding from frames of 32 KiB, in one thread.
 * The generated codec and the shape codec (records without a declared type) against JSON and msgpackr. Run it:
 * `npx node bench/codec.bench.ts`. Nothing is asserted: machines differ, trust the ratios.
 */
import { Packr } from "msgpackr";
import { createFrameCodec } from "../packages/millrace/src/common/codec/create-frame-codec.ts";
import type { BlockDecoder, BlockEncoder } from "../packages/millrace/src/common/codec/frame-codec.ts";
import { Types } from "../packages/millrace/src/common/types/types.ts";
import { bidType } from "./bid-type.ts";
import type { Bid } from "./bid-type.ts";

const FRAME = 32_768;
const RECORDS = 200_000;
const ROUNDS = 15;
/** Rounds before those that count. */
const WARM_UP = 4;

const EXTRA = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".repeat(3);

function bid(i: number): Bid {
  return {
    auction: 1000 + i,
    bidder: 1000 + ((i * 7) % 1003),
    price: 100 + ((i * 7919) % 100_000),
    channel: `channel-${i % 100}`,
    url: `https://www.nexmark.com/auction/item.htm?q=${i % 1000}`,
    dateTime: 1_700_000_000_000 + i,
    extra: EXTRA.substring(i % 100, (i % 100) + 45),
  };
}
const bids = Array.from({ length: 1000 }, (_, i) => bid(i));

/** What is measured: each call works through RECORDS records and answers with something that depends on all of them. */
interface Contestant {
  readonly name: string;
  readonly encode: () => number;
  readonly decode: () => number;
}

/**
 * The loops are compiled for each contestant: the engine's chains have text of their own, too, and a loop that all share would
 * measure its polluted inline caches.
 */
const ENCODE_LOOP = `let bytes = 0;
encoder.begin(memory, 0, ${FRAME});
for (let i = 0; i < ${RECORDS}; i++) {
  const record = bids[i % bids.length];
  if (encoder.writeRecord(record, record.dateTime)) continue;
  bytes += encoder.finish();
  encoder.begin(memory, 0, ${FRAME});
  encoder.writeRecord(record, record.dateTime);
}
return bytes + encoder.finish();`;
const DECODE_LOOP = `let records = 0, sum = 0;
while (records < ${RECORDS}) {
  decoder.reset(memory, 0, length);
  while (decoder.next() !== 0) { records++; sum += decoder.value.price + decoder.value.url.length; }
}
return sum;`;

function millrace(name: string, type: ReturnType<typeof bidType> | undefined): Contestant {
  const codec = createFrameCodec<Bid>(type, { unique: `bench/${name}` });
  const memory = new Uint8Array(new SharedArrayBuffer(FRAME));
  const encoder = codec.createEncoder();
  encoder.begin(memory, 0, FRAME);
  for (let i = 0; encoder.writeRecord(bids[i % bids.length]!, bids[i % bids.length]!.dateTime); i++);
  const filled = memory.slice();
  const length = encoder.finish();
  filled.set(memory.subarray(0, length));
  const shared = new Uint8Array(new SharedArrayBuffer(FRAME));
  shared.set(filled);
  return {
    name,
    encode: loop<BlockEncoder<Bid>>(name, "encoder", encoder, memory, ENCODE_LOOP),
    decode: loop<BlockDecoder<Bid>>(name, "decoder", codec.createDecoder(), shared, DECODE_LOOP, length),
  };
}

function loop<C>(
  name: string,
  role: string,
  codec: C,
  memory: Uint8Array,
  body: string,
  length = 0,
): () => number {
  const text = `return () => { // ${name}\n${body} };`;
  // oxlint-disable-next-line typescript/no-implied-eval -- see ENCODE_LOOP
  const make = new Function(role, "memory", "bids", "length", text) as (
    ...args: readonly unknown[]
  ) => () => number;
  return make(codec, memory, bids, length);
}

function json(): Contestant {
  const texts = bids.map((record) => Buffer.from(JSON.stringify(record)));
  const memory = Buffer.alloc(FRAME);
  return {
    name: "JSON",
    encode: () => {
      let at = 0;
      for (let i = 0; i < RECORDS; i++) {
        if (at > FRAME - 1000) at = 0;
        at += memory.write(JSON.stringify(bids[i % bids.length]), at, "latin1");
      }
      return at;
    },
    decode: () => {
      let sum = 0;
      for (let i = 0; i < RECORDS; i++)
        sum += (JSON.parse(texts[i % texts.length]!.toString("latin1")) as Bid).price;
      return sum;
    },
  };
}

function msgpack(): Contestant {
  const packr = new Packr({ structures: [] });
  const packed = bids.map((record) => Buffer.from(packr.pack(record)));
  return {
    name: "msgpackr, shared structures",
    encode: () => {
      let bytes = 0;
      for (let i = 0; i < RECORDS; i++) bytes += packr.pack(bids[i % bids.length]).length;
      return bytes;
    },
    decode: () => {
      let sum = 0;
      for (let i = 0; i < RECORDS; i++) sum += (packr.unpack(packed[i % packed.length]!) as Bid).price;
      return sum;
    },
  };
}

/** Runs the benchmark; `report` gets the median of each measurement. The contestants take turns, so that a slow spell hits all. */
export async function run(report: (name: string, value: number, unit: string) => void): Promise<void> {
  const contestants = [
    millrace("generated codec", bidType(Types)),
    millrace("shape codec", undefined),
    msgpack(),
    json(),
  ];
  const works = contestants.flatMap(({ name, encode, decode }) => [
    { name: `${name}, encode`, work: encode, times: [] as number[] },
    { name: `${name}, decode`, work: decode, times: [] as number[] },
  ]);
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    for (const { work, times } of works) {
      const start = performance.now();
      work();
      const elapsed = performance.now() - start;
      if (round >= WARM_UP) times.push(elapsed);
    }
    // Lets a runner's own timers and signals through.
    await new Promise(setImmediate);
  }
  for (const { name, times } of works) {
    times.sort((a, b) => a - b);
    report(name, RECORDS / 1000 / times[times.length >> 1]!, "M records/s");
    report(`${name}, best round`, RECORDS / 1000 / times[0]!, "M records/s");
  }
}

if (import.meta.main) {
  await run((name, value, unit) => console.log(`${name.padEnd(48)} ${value.toFixed(2).padStart(8)} ${unit}`));
}
