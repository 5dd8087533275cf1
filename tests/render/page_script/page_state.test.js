import assert from "node:assert/strict";
import { test } from "node:test";

import { quantizedRecord } from "./maps.js";
import { elementsOf, openPage, textOf } from "./page_stub.js";

const QUERIES = [[[[1, 2], [3, 4], [5, 6]]]];
const KEYS = [[[[0.5, 0.25], [-1, 1], [0, 2]]]];
openPage(["a", "b", "c"], [[[[1, null, null], [0.25, 0.75, null], [0.5, 0.2, 0.3]]]], {
	map: { keys: ["x", "y", "z"].map((label) => ({ label })), shown: { queries: ["a", "b", "c"], keys: ["x", "y", "z"] } },
	arrays: {
		query_vectors: quantizedRecord(QUERIES, { signed: true }),
		key_vectors: quantizedRecord(KEYS, { signed: true }),
	},
});
const script = "../../../attnviz/render/page/script";
const { hover, marked, markedCell, select, selectCell, toggle } = await import(`${script}/selection.js`);
const { change, settings } = await import(`${script}/settings.js`);
const { mainHead } = await import(`${script}/shown_heads.js`);
const { WeightTable } = await import(`${script}/weight_table.js`);
const { Vectors } = await import(`${script}/vectors.js`);
while (!mainHead.value) await new Promise((resolve) => setTimeout(resolve, 1));

test("a cell selects its query and its key", () => {
	selectCell(mainHead.value.matrix, 2, 1);
	assert.deepEqual(marked.value, { q: 2, k: 1 });
	assert.deepEqual(markedCell(mainHead.value.matrix), { row: 2, column: 1 });
});

test("what is selected is held while something else is under the pointer", () => {
	select({ q: 1, k: 0 });
	hover({ q: 2, k: 2 });
	assert.deepEqual(marked.value, { q: 1, k: 0 });
	select({ k: -1 });
	hover({ q: 2, k: 2 });
	assert.deepEqual(marked.value, { q: 1, k: 2 });
	toggle("q", 1);
	assert.equal(settings.value.q, -1);
});

test("without a marked key the strongest of the row is shown", () => {
	select({ q: 2, k: -1 });
	assert.deepEqual(markedCell(mainHead.value.matrix), { row: 2, column: 0 });
});

test("rows of the table are named by queries, columns by keys", () => {
	change({ table: true });
	const names = (scope) => elementsOf(WeightTable(), "th").filter(({ props }) => props.scope === scope).map(textOf);
	assert.deepEqual(names("row"), ["a", "b", "c"]);
	assert.deepEqual(names("col"), ["query \\ key", "x", "y", "z"]);
	assert.deepEqual(elementsOf(WeightTable(), "td").map(textOf).slice(3, 6), ["0.250", "0.750", "masked"]);
});

test("the vectors are those of the marked query and key", () => {
	select({ q: 2, k: 1 });
	const { children } = Vectors().props;
	const bars = children.filter(({ props }) => props?.values).map(({ props }) => [...props.values].map(Math.round));
	assert.deepEqual(bars, [[5, 6], [-1, 1], [-5, 6]]);
});
