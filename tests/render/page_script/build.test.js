// The packages that the bundle takes from node_modules are those that package.json names.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const folder = new URL("../../../attnviz/render/page/script/", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(name, folder), "utf8"));

test("every package has the version that package.json pins", () => {
	const { dependencies, devDependencies } = read("package.json");
	for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
		assert.equal(read(`node_modules/${name}/package.json`).version, version, name);
	}
});
