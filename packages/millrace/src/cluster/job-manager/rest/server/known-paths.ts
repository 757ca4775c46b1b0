/** Remembers which methods each path takes, to tell a wrong method from a wrong path. */
export class KnownPaths {
  readonly #paths = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();

  /** @param path as routes are declared: `/jobs/:jobid` */
  add(method: string, path: string): void {
    const known = this.#paths.get(path) ?? { pattern: patternOf(path), methods: new Set() };
    known.methods.add(method);
    this.#paths.set(path, known);
  }

  /** The methods that this path takes; empty where there is no such path. */
  methodsOf(path: string): readonly string[] {
    const found = new Set<string>();
    for (const { pattern, methods } of this.#paths.values()) {
      if (pattern.test(path)) for (const method of methods) found.add(method);
    }
    return [...found].sort();
  }

  /** Every route: "GET /jobs". */
  list(): readonly string[] {
    return [...this.#paths]
      .flatMap(([path, { methods }]) => [...methods].sort().map((method) => `${method} ${path}`))
      .sort((a, b) => (a.slice(a.indexOf("/")) < b.slice(b.indexOf("/")) ? -1 : 1));
  }
}

const patternOf = (path: string): RegExp =>
  new RegExp(
    `^${path
      .split("/")
      .map((part) => (part.startsWith(":") ? "[^/]+" : part.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&")))
      .join("/")}/?$`,
    "u",
  );
