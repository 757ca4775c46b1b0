import { compile } from "../codec/compile.ts";
import type { AggregateFunction } from "../state/state.ts";
import { slotsOf, type AggregationPart } from "./aggregation-part.ts";
import type { CombinedParts, FlatAccumulator } from "./combined-parts.ts";
import { totalOf } from "./compensated-sum.ts";
import { notANumber } from "./not-a-number.ts";

type Generated = Required<Omit<AggregateFunction<unknown, FlatAccumulator, unknown>, "accumulatorType">>;

let generated = 0;

/**
 * A combined aggregate as one generated object: no loop over the parts, the accumulator an object literal of one shape. For
 * the meaning of each line see `interpret-aggregate.ts`, which does the same; one suite tries both.
 */
export function generateAggregate({ bare, parts }: CombinedParts): Generated {
  const codes = parts.map(([name, part], i) => codeOf(name, part, i));
  const body = `return {
createAccumulator() { return { ${codes.map((code) => code.initial).join(", ")} }; },
add(a, v) {
${codes.map((code) => code.add).join("\n")}
return a;
},
getResult(a) { return ${bare ? codes[0]!.result : `{ ${codes.map((code, i) => `${quote(parts[i]![0])}: ${code.result}`).join(", ")} }`}; },
merge(a, b) {
${codes.map((code) => code.merge).join("\n")}
return a;
}
};`;
  const functions = parts.map(([, part]) => argumentOf(part));
  const names = functions.map((_, i) => `f${i}`);
  return compile(
    [...names, "notANumber", "total"],
    [...functions, notANumber, totalOf],
    body,
    `aggregate/${generated++}`,
  ) as Generated;
}

interface PartCode {
  readonly initial: string;
  readonly add: string;
  readonly result: string;
  readonly merge: string;
}

/** The expressions of a part; `f<i>` is its function or fold. Names enter the text as JSON only. */
function codeOf(name: string, part: AggregationPart, i: number): PartCode {
  const slots = slotsOf(name, part).map((slot) => `[${quote(slot.name)}]`);
  const initial = slotsOf(name, part)
    .map(
      (slot) =>
        `${quote(slot.name)}: ${part.kind === "fold" ? `f${i}.createAccumulator()` : String(slot.initial())}`,
    )
    .join(", ");
  return { initial, ...bodyOf(part, i, quote(name), slots as [string, string, string]) };
}

function bodyOf(
  part: AggregationPart,
  i: number,
  name: string,
  [main, rest, count]: [string, string, string],
): Omit<PartCode, "initial"> {
  switch (part.kind) {
    case "count":
      return {
        add: part.where === undefined ? `a${main}++;` : `if (f${i}(v) === true) a${main}++;`,
        result: `a${main}`,
        merge: `a${main} += b${main};`,
      };
    case "sum":
    case "avg": {
      const average = part.kind === "avg";
      return {
        add: `{ const x = f${i}(v);
if (typeof x === "number") { ${addCompensated(main, rest, "x")}${average ? ` a${count}++;` : ""} }
else if (x !== null && x !== undefined) throw notANumber(${name}, x); }`,
        result: average
          ? `(a${count} === 0 ? null : total(a${main}, a${rest}) / a${count})`
          : `total(a${main}, a${rest})`,
        merge: `{ ${addCompensated(main, rest, `b${main}`)} a${rest} += b${rest};${average ? ` a${count} += b${count};` : ""} }`,
      };
    }
    case "min":
    case "max": {
      const sign = part.kind === "min" ? "<" : ">";
      return {
        add: `{ const x = f${i}(v); if (x !== null && x !== undefined) { const m = a${main}; if (m === null || x ${sign} m || x !== x) a${main} = x; } }`,
        result: `a${main}`,
        merge: `{ const x = b${main}; if (x !== null && (a${main} === null || x ${sign} a${main} || x !== x)) a${main} = x; }`,
      };
    }
    case "fold":
      return {
        add: `a${main} = f${i}.add(a${main}, v);`,
        result: `f${i}.getResult(a${main})`,
        merge: `a${main} = f${i}.merge(a${main}, b${main});`,
      };
  }
}

const addCompensated = (main: string, rest: string, x: string): string =>
  `const s = a${main}, y = ${x}, t = s + y; a${rest} += Math.abs(s) >= Math.abs(y) ? s - t + y : y - t + s; a${main} = t;`;

const quote = (text: string): string => JSON.stringify(text);

const argumentOf = (part: AggregationPart): unknown =>
  part.kind === "fold" ? part.aggregate : part.kind === "count" ? part.where : part.select;
