import { relative } from "node:path";
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild";
import { isNative, isOptionalFor, packageOf, PackageLookup } from "./native-packages.ts";

/** Marks calls that the plugin makes itself. */
const OWN = Symbol("own");

/**
 * Refuses packages with compiled code, which a bundle can't hold, naming them and who imports them; leaves out those that their importer
 * can do without; leaves alone those that are external.
 *
 * @param externals names of packages that are installed wherever the job runs
 */
export function refuseNative(externals: ReadonlySet<string>): Plugin {
  return {
    name: "refuse-native-packages",
    setup(build) {
      const packages = new PackageLookup();
      build.onResolve({ filter: /\.node$/ }, async ({ path, importer }) => {
        const owner = await packages.of(importer);
        const name = owner?.manifest.name ?? "the job";
        if (owner?.manifest.name !== undefined && externals.has(owner.manifest.name))
          return { external: true };
        return refusal(name, importer, `the compiled file ${path}`);
      });
      build.onResolve({ filter: /^[@\w]/ }, async (args) => {
        if (args.pluginData === OWN || args.kind === "entry-point") return undefined;
        const name = packageOf(args.path);
        if (name === undefined) return undefined;
        if (externals.has(name)) return { path: args.path, external: true };
        return checked(build, packages, args, name);
      });
    },
  };
}

async function checked(
  build: PluginBuild,
  packages: PackageLookup,
  args: OnResolveArgs,
  name: string,
): Promise<OnResolveResult | undefined> {
  const { path, importer, kind, resolveDir, namespace } = args;
  const found = await build.resolve(path, { importer, kind, resolveDir, namespace, pluginData: OWN });
  // What is not there is esbuild's to tell, who knows whether the import is guarded.
  if (found.errors.length > 0 || found.external || found.namespace !== "file") return undefined;
  const target = await packages.of(found.path);
  // An alias of tsconfig leads to the user's own files.
  if (target?.manifest.name !== name || !found.path.includes("node_modules")) return undefined;
  if (!isNative(target)) return undefined;
  const owner = await packages.of(importer);
  if (owner !== undefined && importer.includes("node_modules") && isOptionalFor(name, owner))
    return { path, external: true };
  return refusal(name, importer, "compiled code");
}

function refusal(name: string, importer: string, what: string): OnResolveResult {
  return {
    errors: [
      {
        text: `package ${name}, imported by ${relative(process.cwd(), importer)}, has ${what}, which can't travel with the job: install it on the JobManager's machine and on every TaskManager's, beside millrace, and name it by --external ${name} (or pipeline.external-packages)`,
      },
    ],
  };
}
