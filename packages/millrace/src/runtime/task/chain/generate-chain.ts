import { unreachable } from "../../../common/errors/unreachable.ts";
import type { ChainNode, ChainTarget } from "./chain-node.ts";

/** Where a generated text finds a writer: by node, side output (-1 for the main one) and position. */
export const writerName = (node: number, side: number, position: number): string =>
  side < 0 ? `w${node}_${position}` : `w${node}_s${side}_${position}`;

/**
 * The text of the one function that runs a chain. User functions of map, filter and flatMap are called in place, without
 * a call between operators; other operators are objects, whose outputs are functions of this text.
 *
 * The text is unique for each chain (a comment says whose it is): two functions of the same text would share their inline caches,
 * which several jobs in one process pollute (measured: 54 M records a second become 25 M).
 *
 * `node` and `rec` always tell which operator is at work on what, so that one handler far outside can name both.
 * Names in the text: `f` user functions, `o` operators, `w` writers, `n` whether the function has not answered yet, `c` collectors.
 */
export function generateChain(nodes: readonly ChainNode[], unique: string, freeze: boolean): string {
  const generator = new ChainGenerator(nodes, freeze);
  return `"use strict";
// ${unique.replaceAll(/[^\w .:/#-]/gu, "_")}
${generator.body()}
//# sourceURL=millrace://chain/${encodeURI(unique)}
`;
}

/** Whether the generated text calls the operator's function in place. */
export function isInlined(node: ChainNode): boolean {
  switch (node.spec.kind) {
    case "map":
    case "filter":
    case "flatMap":
      return true;
    case "source":
    case "watermarks":
    case "process":
    case "keyedProcess":
    case "coProcess":
    case "keyedCoProcess":
    case "broadcastProcess":
    case "keyedBroadcastProcess":
    case "keyedReduce":
    case "keyedAggregate":
    case "window":
    case "intervalJoin":
    case "async":
    case "sink":
      return false;
    default:
      return unreachable(node.spec, "operator");
  }
}

class ChainGenerator {
  readonly #nodes: readonly ChainNode[];
  readonly #freeze: boolean;

  constructor(nodes: readonly ChainNode[], freeze: boolean) {
    this.#nodes = nodes;
    this.#freeze = freeze;
  }

  body(): string {
    const nodes = this.#nodes;
    const declarations = nodes.map((node) => this.#declare(node)).join("\n");
    const outputs = nodes.map((node) => this.#outputs(node)).join("\n");
    return `const flow = h.flow, refuse = h.refuse, freeze = h.freeze, poison = h.poison;
let node = 0, rec = undefined, count = 0;
${declarations}
${outputs}
${this.#drain(0)}
${this.#drain(1)}
return {
  bind(operators) { ${nodes.map((n) => (isInlined(n) ? "" : `o${n.index} = operators[${n.index}];`)).join(" ")} },
  drain0, drain1,
  trace() { return { node, record: rec }; },
  enter(n) { node = n; rec = undefined; },
  count() { return count; },
  outputs: [${nodes.map((n) => (isInlined(n) ? "undefined" : `out${n.index}`)).join(", ")}],
  sides: [${nodes.map((n) => `[${[...n.sides.keys()].map((_, k) => `out${n.index}_s${k}`).join(", ")}]`).join(", ")}],
};`;
  }

  #declare(node: ChainNode): string {
    const i = node.index;
    const lines = isInlined(node) ? [`const f${i} = h.functions[${i}]; let n${i} = true;`] : [`let o${i};`];
    node.main.forEach((target, k) => {
      if (target.kind === "writer") lines.push(`const ${writerName(i, -1, k)} = h.writer(${i}, -1, ${k});`);
    });
    [...node.sides.values()].forEach((targets, side) => {
      targets.forEach((target, k) => {
        if (target.kind === "writer")
          lines.push(`const ${writerName(i, side, k)} = h.writer(${i}, ${side}, ${k});`);
      });
    });
    if (node.spec.kind === "flatMap") lines.push(`let t${i} = 0, r${i};`);
    return lines.join("\n");
  }

  /** The functions through which an operator, or a flatMap's collector, emits. */
  #outputs(node: ChainNode): string {
    const i = node.index;
    const texts: string[] = [];
    if (node.spec.kind === "flatMap") {
      texts.push(`const c${i} = { collect(v) {
${this.#emit(node, node.main, -1, "v", `t${i}`, `r${i}`)}node = ${i}; rec = r${i};
} };`);
    } else if (!isInlined(node)) {
      texts.push(`function out${i}(v, t) {
const r = rec;
${this.#emit(node, node.main, -1, "v", "t", "r")}node = ${i}; rec = r;
}`);
    }
    [...node.sides.values()].forEach((targets, side) => {
      texts.push(`function out${i}_s${side}(v, t) {
const r = rec;
${this.#emit(node, targets, side, "v", "t", "r")}node = ${i}; rec = r;
}`);
    });
    return texts.join("\n");
  }

  #drain(input: 0 | 1): string {
    const head = this.#nodes[0] as ChainNode;
    return `function drain${input}(cursor, limit) {
for (let left = limit; left > 0; left--) {
const kind = cursor.next();
if (kind !== 1) { count += limit - left; return kind; }
const v = cursor.value, t = cursor.timestamp;
${this.#deliver(head, "v", "t", input)}
if (flow.blocked) { count += limit - left + 1; return 3; }
}
count += limit;
return 4;
}`;
  }

  /** A value to each target. Between two targets the emitting operator is at work again. */
  #emit(
    from: ChainNode,
    targets: readonly ChainTarget[],
    side: number,
    value: string,
    time: string,
    record: string,
  ): string {
    let text = this.#freeze ? `freeze(${value});\n` : "";
    targets.forEach((target, k) => {
      if (target.kind === "writer") text += `${writerName(from.index, side, k)}.record(${value}, ${time});\n`;
      else {
        text += `${this.#deliver(this.#nodes[target.index] as ChainNode, value, time, 0)}\n`;
        if (k + 1 < targets.length || from.poison.kind !== "fail")
          text += `node = ${from.index}; rec = ${record};\n`;
      }
    });
    return text;
  }

  /** A value to an operator, under its poison policy. */
  #deliver(node: ChainNode, value: string, time: string, input: 0 | 1): string {
    const i = node.index;
    const work = `node = ${i}; rec = ${value};\n${this.#work(node, value, time, input)}`;
    if (node.poison.kind === "fail") return `{ ${work} }`;
    return `try { ${work} } catch (e) { if (node !== ${i}) throw e; poison(${i}, e, ${value}, ${time}); }`;
  }

  #work(node: ChainNode, value: string, time: string, input: 0 | 1): string {
    const i = node.index;
    const check = (result: string): string => `if (n${i}) { n${i} = false; refuse(${result}, ${i}); }`;
    switch (node.spec.kind) {
      case "map":
        return `const m${i} = f${i}(${value}); ${check(`m${i}`)}
${this.#emit(node, node.main, -1, `m${i}`, time, value)}`;
      case "filter":
        return `const m${i} = f${i}(${value}); ${check(`m${i}`)}
if (m${i}) { ${this.#emit(node, node.main, -1, value, time, value)} }`;
      case "flatMap":
        return `t${i} = ${time}; r${i} = ${value};
const m${i} = f${i}(${value}, c${i}); ${check(`m${i}`)}
if (m${i} !== undefined) for (const x of m${i}) c${i}.collect(x);`;
      default:
        return input === 0
          ? `o${i}.processRecord(${value}, ${time});`
          : `o${i}.processRecord2(${value}, ${time});`;
    }
  }
}
