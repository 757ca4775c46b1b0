import { execFileSync } from "node:child_process";
import type { Place } from "./process-cluster.ts";

const run = (command: string, ...args: string[]): void => {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });
};
const ip = (text: string): void => run("ip", ...text.split(" "));

/** Why this machine can't have network namespaces; undefined where it can. */
export function namespacesRefused(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "needs root to make network namespaces";
  const name = `mr${process.pid}try`;
  try {
    ip(`netns add ${name}`);
    try {
      ip(`link add ${name}a type veth peer name ${name}b`);
      ip(`link del ${name}a`);
      ip(`link add ${name} type bridge`);
      ip(`link del ${name}`);
    } finally {
      ip(`netns del ${name}`);
    }
    return undefined;
  } catch (error) {
    return `no network namespaces here: ${error instanceof Error ? error.message.trim() : String(error)}`;
  }
}

/** Machines as far as the network goes: each a namespace with an address of its own, all at one switch, which this process reaches, too. */
export class Namespaces {
  readonly #prefix = `mr${process.pid}`;
  readonly #subnet = `10.${64 + (process.pid % 64)}.${Math.floor(process.pid / 64) % 256}`;
  readonly #places: Place[] = [];

  constructor(count: number) {
    const bridge = `${this.#prefix}br`;
    try {
      ip(`link add ${bridge} type bridge`);
      ip(`addr add ${this.#subnet}.1/24 dev ${bridge}`);
      ip(`link set ${bridge} up`);
      for (let index = 0; index < count; index++) this.#add(index, bridge);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  place(index: number): Place {
    return this.#places[index] as Place;
  }

  /** Plugs a machine in or out. */
  link(index: number, state: "up" | "down"): void {
    ip(`link set ${this.#prefix}v${index} ${state}`);
  }

  [Symbol.dispose](): void {
    for (const [index] of this.#places.entries()) attempt(`netns del ${this.#prefix}n${index}`);
    attempt(`link del ${this.#prefix}br`);
  }

  #add(index: number, bridge: string): void {
    const [name, outside, host] = [
      `${this.#prefix}n${index}`,
      `${this.#prefix}v${index}`,
      `${this.#subnet}.${10 + index}`,
    ];
    ip(`netns add ${name}`);
    this.#places.push({ command: ["ip", "netns", "exec", name], host });
    ip(`link add ${outside} type veth peer name eth0 netns ${name}`);
    ip(`link set ${outside} master ${bridge}`);
    ip(`link set ${outside} up`);
    ip(`-n ${name} addr add ${host}/24 dev eth0`);
    ip(`-n ${name} link set eth0 up`);
    ip(`-n ${name} link set lo up`);
  }
}

/** What may already be gone. */
function attempt(text: string): void {
  try {
    ip(text);
  } catch {
    // Then there is nothing to remove.
  }
}
