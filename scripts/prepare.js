// Runs after npm has installed the workspace, so that ./node_modules/.bin/millrace works at once. Plain JavaScript,
// because npm may run it with an older Node.js; and it never fails an installation, since an installation without
// development dependencies, or of an older Node.js, is still good for reading and linking.
import { createRequire } from "node:module";

const major = Number(process.versions.node.split(".")[0]);
const require = createRequire(import.meta.url);

function skip(reason) {
  console.log(`prepare: skipped, ${reason}; "npm run build -- --js-only" does it later`);
}

function installed(name) {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

if (major < 24) skip(`the build needs Node.js 24 and this is ${process.version}`);
else if (!installed("esbuild")) skip("esbuild is not installed");
else {
  process.argv.push("--js-only");
  await import("./build.ts").catch((error) => skip(`the build failed: ${error.message}`));
}
