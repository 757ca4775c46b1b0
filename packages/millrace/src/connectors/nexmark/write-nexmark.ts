import { open } from "node:fs/promises";
import { requireOption } from "../base/options.ts";
import { fileProblem } from "../files/file-problem.ts";
import { NexmarkGenerator } from "./nexmark-generator.ts";
import { nexmarkConfig, type NexmarkOptions } from "./nexmark-options.ts";

/** About how many characters are written at a time. */
const CHUNK = 256 * 1024;

/**
 * Writes Nexmark events to a file, one JSON object a line, so that two engines can read the same ones. Replaces the file.
 *
 * @returns how many events and bytes were written
 * @throws MillraceError INVALID_OPTION, UNKNOWN_OPTION; SINK_FAILED naming the path
 * @example `await writeNexmark("nexmark.jsonl", { events: 1_000_000, seed: 42 })`
 */
export async function writeNexmark(
  path: string,
  options: NexmarkOptions & { readonly events: number },
): Promise<{ readonly events: number; readonly bytes: number }> {
  const name = "writeNexmark";
  const config = nexmarkConfig(name, options);
  requireOption(config.events < Infinity, name, "events", "how many events to write", options.events);
  const generator = new NexmarkGenerator(config);
  try {
    await using file = await open(path, "w");
    let bytes = 0;
    let text = "";
    for (let n = 0; n < config.events; n++) {
      text += `${JSON.stringify(generator.event(n))}\n`;
      if (text.length < CHUNK && n + 1 < config.events) continue;
      const chunk = Buffer.from(text, "latin1");
      await file.appendFile(chunk);
      bytes += chunk.length;
      text = "";
    }
    return { events: config.events, bytes };
  } catch (error) {
    throw fileProblem("SINK_FAILED", name, "write", path, error);
  }
}
