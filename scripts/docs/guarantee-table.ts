import type { SinkGuarantee, SourceGuarantee } from "millrace";
import { SINKS, SOURCES } from "./connector-tables.ts";
import { markdownTable } from "./markdown-table.ts";

/** What holds from a source to a sink. */
type EndToEnd = Readonly<Record<SourceGuarantee, Readonly<Record<SinkGuarantee, string>>>>;

const AGAIN = "at least once: output since the last checkpoint comes again";
const SHOWN_AGAIN = "output since the last checkpoint comes again, and what was underway may be missing";
const LOST = "input since the last checkpoint is lost";

/** With `execution.checkpointing.mode` EXACTLY_ONCE. A combination that is missing here does not compile. */
const EXACTLY_ONCE_MODE: EndToEnd = {
  "exactly-once": { "exactly-once": "**exactly once**", "at-least-once": AGAIN, none: SHOWN_AGAIN },
  "at-least-once": { "exactly-once": "at least once", "at-least-once": AGAIN, none: SHOWN_AGAIN },
  "at-most-once": {
    "exactly-once": `at most once: ${LOST}`,
    "at-least-once": `neither: ${LOST}, and results since then may come again`,
    none: `neither: ${LOST}, and results since then may come again`,
  },
};

/** The sinks that are columns, by what stands above them; the others are like one of these. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  "`fileSink`, `collectSink`": ["fileSink({ path, format })", "collectSink(channel)"],
  "`createSink`": ["createSink({ name, write })"],
  "`printSink`, `discardSink`": ["printSink()", "discardSink()"],
};

/** Sources by what they promise, sinks by what they promise, and what holds between. Fails when a sink is left out or changed its promise. */
export function guaranteeTable(): string {
  const columns = Object.entries(COLUMNS).map(([head, sinks]) => {
    const [guarantee, ...others] = new Set(sinks.map((sink) => SINKS[sink]!.guarantee));
    if (guarantee === undefined || others.length > 0)
      throw new Error(`Sinks of one column differ: ${sinks.join(", ")}.`);
    return { head, guarantee };
  });
  const missing = Object.keys(SINKS).filter((sink) => !Object.values(COLUMNS).flat().includes(sink));
  if (missing.length > 0) throw new Error(`Sinks without a column: ${missing.join(", ")}.`);
  const rows = (["exactly-once", "at-most-once"] as const).map((guarantee) => {
    const sources = Object.entries(SOURCES).filter(([, source]) => source.guarantee === guarantee);
    return [
      sources.map(([code]) => `\`${code}\``).join(", "),
      ...columns.map((column) => EXACTLY_ONCE_MODE[guarantee][column.guarantee]),
    ];
  });
  return markdownTable(["from", ...columns.map(({ head }) => `to ${head}`)], rows);
}
