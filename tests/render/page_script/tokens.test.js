import assert from "node:assert/strict";
import { test } from "node:test";

import { pooledLabel, positionLabel, positionText } from "../../../attnviz/render/page/script/token_labels.js";
import { findTokens } from "../../../attnviz/render/page/script/token_search.js";

const LABELS = ["The", "ani", "mal", "the", "Ünder", "12", "İ", "x"];

const SEARCHES = [
	["the", [[0, 0], [3, 3]]],
	["THE", [[0, 0], [3, 3]]],
	["animal", [[1, 2]]],
	["U\u0308nder", [[4, 4]]],
	["5", [[5, 5]]],
	["12", [[5, 5]]],
	["#5", [[5, 5]]],
	["2-4", [[2, 4]]],
	["6–99", [[6, 7]]],
	["x", [[7, 7]]],
	["  ", []],
	["zebra", []],
	["99", []],
	["#99", []],
];
for (const [text, ranges] of SEARCHES) {
	test(`"${text}" is found at ${JSON.stringify(ranges)}`, () => {
		assert.deepEqual(findTokens(LABELS, text).map(({ from, to }) => [from, to]), ranges);
	});
}

test("a number is a label and a position", () => {
	assert.deepEqual(findTokens(["2", "a", "b"], "2"), [{ from: 0, to: 0 }, { from: 2, to: 2 }]);
	assert.deepEqual(findTokens(["2", "a", "b"], "#2"), [{ from: 2, to: 2 }]);
});

const GROUPS = ["the", "cat", "the", "mat"].map((label, i) => ({ label, members: [10 * i, 10 * i + 9] }));

test("a repeated label has its position, as in the terminal", () => {
	assert.deepEqual(GROUPS.map((_, i) => positionLabel(GROUPS, i)), ["the (0)", "cat", "the (20)", "mat"]);
	assert.equal(positionText(GROUPS[1]), "10–19");
	assert.equal(positionText({ label: "a", members: [4] }), "4");
});

test("a cell of a pooled map states its tokens", () => {
	const groups = [{ label: "the…mat", members: [0] }, { label: "sat", members: [1] }];
	const ranges = [[421, 441], [442, 442]];
	assert.equal(pooledLabel(groups, 0, ranges), "tokens 421–441 'the…mat'");
	assert.equal(pooledLabel(groups, 1, ranges), "sat (442)");
	assert.equal(pooledLabel(GROUPS, 2, null), "the (20)");
});
