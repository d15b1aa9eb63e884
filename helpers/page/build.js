// Bundles every widget: a folder with an index.js and an index.css becomes NAME.js and NAME.css, in bundles/ or in the
// folder that is named. The same sources give the same bytes on every machine.
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const widgets = readdirSync(here)
  .filter((name) => existsSync(join(here, name, "index.js")) && name !== "node_modules")
  .sort();

await build({
  absWorkingDir: here, // the bundles quote paths, seen from here
  entryPoints: widgets.flatMap((name) => ["js", "css"].map((kind) => ({ in: `${name}/index.${kind}`, out: name }))),
  outdir: resolve(process.argv[2] ?? join(here, "bundles")),
  bundle: true,
  charset: "utf8",
  format: "esm",
  target: "es2022",
});
