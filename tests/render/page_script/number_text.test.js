import assert from "node:assert/strict";
import { test } from "node:test";

import { formatExact, formatNumber, formatPercent, maxAbs, pluralize } from "../../../attnviz/render/page/script/number_text.js";

test("numbers have the decimals of the page and a minus sign", () => {
	assert.equal(formatNumber(0.12345, 3), "0.123");
	assert.equal(formatNumber(-0.12345, 3, 2), "−0.12");
	assert.equal(formatNumber(-0.0001, 3), "0.000");
});

test("a number that is not zero never reads as zero", () => {
	assert.equal(formatExact(0.000076, 3), "7.6e−5");
	assert.equal(formatExact(-0.000076, 3), "−7.6e−5");
	assert.equal(formatExact(0, 3), "0.000");
	assert.equal(formatPercent(0.0001), "< 0.1 %");
	assert.equal(formatPercent(-0.0001), "> −0.1 %");
	assert.equal(formatPercent(0), "0.0 %");
	assert.equal(formatPercent(0.6532), "65.3 %");
});

test("counts have their nouns", () => {
	assert.deepEqual([pluralize(1, "head"), pluralize(1234, "head")], ["1 head", "1,234 heads"]);
	assert.equal(pluralize(2, "query", "queries"), "2 queries");
});

test("the largest magnitude of no values is 0", () => {
	assert.deepEqual([maxAbs([]), maxAbs([0.5, -2])], [0, 2]);
});
