import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** What a package says of itself that tells whether it can be bundled. */
interface Manifest {
  readonly name?: string;
  readonly main?: string;
  readonly gypfile?: boolean;
  readonly binary?: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** A package's folder and manifest. */
export interface InstalledPackage {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Packages that find and load compiled code for others. */
const LOADERS = ["bindings", "node-gyp-build", "node-gyp-build-optional-packages", "@mapbox/node-pre-gyp"];
/** Packages for one platform: "@img/sharp-linux-x64". */
const PLATFORM = /(?:linux|darwin|win32|android|freebsd)-(?:x64|arm64|arm|ia32|riscv64|s390x|ppc64)/u;

/** The name of the package that a specifier is of: "@scope/name" of "@scope/name/sub". undefined: it names no package. */
export function packageOf(specifier: string): string | undefined {
  return /^(?:@[\w.~-]+\/)?[\w~-][\w.~-]*(?=\/|$)/u.exec(specifier)?.[0];
}

/** Finds the package that a file belongs to; remembers what it has read. */
export class PackageLookup {
  readonly #known = new Map<string, Promise<InstalledPackage | undefined>>();

  /** undefined: the file is of no package with a name. */
  of(file: string): Promise<InstalledPackage | undefined> {
    return this.#at(dirname(file));
  }

  #at(folder: string): Promise<InstalledPackage | undefined> {
    const known = this.#known.get(folder);
    if (known !== undefined) return known;
    const found = this.#find(folder);
    this.#known.set(folder, found);
    return found;
  }

  async #find(folder: string): Promise<InstalledPackage | undefined> {
    try {
      const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
      // Folders inside of packages have manifests without a name, to say what modules they hold.
      if (typeof manifest.name === "string") return { folder, manifest };
    } catch {
      // No manifest here.
    }
    const above = dirname(folder);
    return above === folder ? undefined : this.#at(above);
  }
}

/** Whether a package brings compiled code, which no bundle can hold. */
export function isNative({ manifest }: InstalledPackage): boolean {
  const { gypfile, binary, main, scripts = {}, dependencies = {}, optionalDependencies = {} } = manifest;
  return (
    gypfile === true ||
    (binary !== undefined && typeof binary === "object") ||
    main?.endsWith(".node") === true ||
    /node-gyp|prebuild-install|node-pre-gyp/u.test(scripts["install"] ?? "") ||
    LOADERS.some((loader) => loader in dependencies) ||
    Object.keys(optionalDependencies).some((name) => PLATFORM.test(name))
  );
}

/** Whether a package does without another when that is not there. */
export const isOptionalFor = (name: string, { manifest }: InstalledPackage): boolean =>
  name in (manifest.optionalDependencies ?? {}) || manifest.peerDependenciesMeta?.[name]?.optional === true;
