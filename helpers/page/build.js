// Bundles every widget: a folder with an index.js and an index.css becomes NAME.js and NAME.css, in bundles/ or in the
// folder that is named. The same sources give the same bytes on every machine.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const outdir = resolve(process.argv[2] ?? join(here, "bundles"));

function bundle(name) {
  return build({
    absWorkingDir: here, // the bundles quote paths, seen from here
    entryPoints: ["js", "css"].map((kind) => ({ in: `${name}/index.${kind}`, out: name })),
    outdir,
    bundle: true,
    charset: "utf8",
    format: "esm",
    target: "es2022",
  });
}

// One by one: a widget that does not build keeps no other from being bundled.
for (const name of readdirSync(here).filter((each) => existsSync(join(here, each, "index.js"))).sort()) {
  await bundle(name).catch(() => (process.exitCode = 1));
}
