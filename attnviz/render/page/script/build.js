// Builds the script of the page: `node build.js [folder]` writes page.js and licenses.txt.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "..", "built");

/** The folder of the package that a bundled file belongs to, "" for a file of our own. */
function packageOf(/** @type {string} */ file) {
	const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file);
	return found ? found[0] : "";
}

/** What the notices say of a package: its name, version, license and the text of the license. */
function describe(/** @type {string} */ folder) {
	const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json"), "utf8"));
	const text = readFileSync(join(here, folder, "LICENSE"), "utf8").trim();
	const holder = /^Copyright .*$/m.exec(text)?.[0] ?? "";
	return { title: `${name} ${version} (${license})`, holder, text };
}

/** Templates without the indentation of the sources. @type {import("esbuild").Plugin} */
const withoutIndentation = {
	name: "without indentation",
	setup: ({ onLoad }) =>
		onLoad({ filter: /script\/[a-z_]+\.js$/ }, ({ path }) => ({
			contents: readFileSync(path, "utf8").replace(/\n\t+/g, "\n"),
		})),
};

const { metafile, outputFiles } = await build({
	absWorkingDir: here,
	entryPoints: ["main.js"],
	bundle: true,
	alias: { "d3-interpolate": "./no_interpolation.js", "d3-transition": "./no_transition.js" },
	minify: true,
	plugins: [withoutIndentation],
	format: "esm",
	target: "es2023",
	legalComments: "none",
	metafile: true,
	write: false,
});
const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
	Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0),
);
const folders = [...new Set(used.map(([file]) => packageOf(file)))].filter(Boolean).sort();
const notices = folders.map(describe);
const banner = notices.map(({ title, holder }) => [title, holder].filter(Boolean).join(", ")).join("; ");
const comment = banner ? `/*! Contains ${banner} */\n` : "";
writeFileSync(join(target, "page.js"), comment + outputFiles[0].text);
writeFileSync(
	join(target, "licenses.txt"),
	["The script of the page contains these packages.", ...notices.map(({ title, text }) => `${title}\n\n${text}`)]
		.join(`\n\n${"-".repeat(72)}\n\n`)
		.concat("\n"),
);
console.log(`${relative(process.cwd(), target)}/page.js: ${outputFiles[0].contents.length} bytes`);
