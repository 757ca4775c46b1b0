import type { ChainHooks } from "./chain-hooks.ts";
import type { Chain, ChainNode } from "./chain-node.ts";
import { CompiledChain } from "./compiled-chain.ts";
import { LinkedChain } from "./linked-chain.ts";

/** Makes a chain: generated where asked and allowed, linked otherwise. `warn` is told when generation is forbidden. */
export function createChain(
  nodes: readonly ChainNode[],
  hooks: ChainHooks,
  compiled: boolean,
  warn: (message: string) => void,
): Chain {
  if (!compiled) return new LinkedChain(nodes, hooks);
  try {
    return new CompiledChain(nodes, hooks);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    warn(
      "code generation is forbidden in this process (--disallow-code-generation-from-strings): chains run linked, several times slower",
    );
    return new LinkedChain(nodes, hooks);
  }
}
