import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../errors/millrace-error.ts";
import type { ConfigOption } from "./config-option.ts";
import { configValue, parseConfig, parseConfigArguments, withDefaults } from "./configuration.ts";
import { AUTO_WATERMARK_INTERVAL, BUFFER_TIMEOUT, NETWORK_MEMORY, OPTIONS, PARALLELISM } from "./options.ts";
import {
  formatDuration,
  formatMemory,
  parseBoolean,
  parseDuration,
  parseInteger,
  parseMemory,
  parseNumber,
} from "./parse-value.ts";

describe("values", () => {
  it.each([
    ["5 s", 5000],
    ["100ms", 100],
    ["1.5 h", 5_400_000],
    ["2 min", 120_000],
    ["1 d", 86_400_000],
    ["250", 250],
    ["500 us", 0.5],
    ["  7 S ", 7000],
  ])("reads the duration %s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(["", "s", "5 parsecs", "-5 s", "five", "5 s 3 ms"])("takes %s for no duration", (text) =>
    expect(parseDuration(text)).toBeUndefined(),
  );

  it.each([
    ["32 kb", 32_768],
    ["4MiB", 4_194_304],
    ["1024", 1024],
    ["1 g", 1_073_741_824],
    ["16 b", 16],
  ])("reads the size %s", (text, bytes) => expect(parseMemory(text)).toBe(bytes));

  it("reads back what it writes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e12 }),
        (n) => parseDuration(formatDuration(n)) === n && parseMemory(formatMemory(n)) === n,
      ),
    );
  });

  it("reads numbers and booleans", () => {
    expect([parseInteger("1_000"), parseInteger("-3"), parseInteger("1.5"), parseInteger("")]).toEqual([
      1000,
      -3,
      undefined,
      undefined,
    ]);
    expect([
      parseNumber("1e3"),
      parseNumber(".5"),
      parseNumber("-2.5"),
      parseNumber("x"),
      parseNumber("1e999"),
    ]).toEqual([1000, 0.5, -2.5, undefined, undefined]);
    expect([parseBoolean("yes"), parseBoolean("OFF"), parseBoolean("maybe")]).toEqual([
      true,
      false,
      undefined,
    ]);
  });
});

describe("parseConfig", () => {
  it("parses texts, checks numbers and leaves out what is undefined", () => {
    const config = parseConfig({
      "pipeline.auto-watermark-interval": "50 ms",
      "taskmanager.network.memory": "128 kb",
      "parallelism.default": 4,
      "pipeline.compiled-chains": "false",
      "pipeline.max-parallelism": undefined,
    });
    expect(config).toEqual({
      "pipeline.auto-watermark-interval": 50,
      "taskmanager.network.memory": 131_072,
      "parallelism.default": 4,
      "pipeline.compiled-chains": false,
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it("says what an unknown option meant", () => {
    expect(() => parseConfig({ "paralelism.default": 4 })).toThrow(
      /unknown option paralelism.default; did you mean parallelism.default\?/u,
    );
    expect(
      MillraceError.is(
        attempt(() => parseConfig({ nonsense: 1 })),
        "UNKNOWN_OPTION",
      ),
    ).toBe(true);
    expect(() => parseConfig({ constructor: 1 })).toThrow(/unknown option/u);
  });

  it.each([
    ["parallelism.default", 0, /a whole number, from 1 to 32768; got 0/u],
    ["parallelism.default", "many", /a whole number/u],
    ["parallelism.default", 1.5, /a whole number/u],
    ["execution.buffer-timeout.interval", "soon", /a duration such as "200 ms", from 0 ms; got "soon"/u],
    ["taskmanager.network.memory", "1 b", /a size such as "32 kb", from 64 kb; got "1 b"/u],
    ["pipeline.compiled-chains", "perhaps", /true or false/u],
    ["pipeline.name", "", /a text/u],
  ])("refuses %s = %s", (key, value, message) =>
    expect(() => parseConfig({ [key]: value })).toThrow(message),
  );
});

describe("parseConfigArguments", () => {
  it("reads key=value, later ones winning", () => {
    expect(
      parseConfigArguments(["parallelism.default=2", "parallelism.default = 3", "pipeline.name=a=b"]),
    ).toEqual({
      "parallelism.default": 3,
      "pipeline.name": "a=b",
    });
  });

  it.each(["parallelism.default", "=3", ""])("refuses %s", (text) =>
    expect(() => parseConfigArguments([text])).toThrow(/-D takes key=value/u),
  );
});

describe("configValue", () => {
  it("is what is set, or the default", () => {
    expect(configValue({}, AUTO_WATERMARK_INTERVAL)).toBe(200);
    expect(configValue({ [BUFFER_TIMEOUT.key]: 0 }, BUFFER_TIMEOUT)).toBe(0);
    expect(configValue({}, PARALLELISM)).toBeUndefined();
    expect(withDefaults({ [NETWORK_MEMORY.key]: 1024 })).toMatchObject({
      [NETWORK_MEMORY.key]: 1024,
      [BUFFER_TIMEOUT.key]: 100,
    });
    expect(withDefaults({})).not.toHaveProperty([PARALLELISM.key]);
  });
});

describe("OPTIONS", () => {
  it("have keys of their own, and defaults that they would accept", () => {
    expect(new Set(OPTIONS.map(({ key }) => key)).size).toBe(OPTIONS.length);
    const options = OPTIONS.map((each) => each as unknown as ConfigOption).filter(
      ({ defaultValue }) => defaultValue !== undefined,
    );
    for (const option of options)
      expect(option.parse(option.format(option.defaultValue))).toBe(option.defaultValue);
  });
});

function attempt(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
