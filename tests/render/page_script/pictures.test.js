import assert from "node:assert/strict";
import { test } from "node:test";

import { ColorScale } from "../../../attnviz/render/page/script/color_scale.js";
import { decodeHead } from "../../../attnviz/render/page/script/dense_head.js";
import { pictureCells } from "../../../attnviz/render/page/script/head_picture.js";
import { parseRgb, rasterize, wholeRange } from "../../../attnviz/render/page/script/head_raster.js";
import { thumbnailPixels, thumbnailSize } from "../../../attnviz/render/page/script/thumbnail.js";
import { WeightMatrix } from "../../../attnviz/render/page/script/weight_matrix.js";
import { GRAYS, loadedArray, randomRows, selfMap } from "./maps.js";

const GROUND = [9, 9, 9];
const scaleOf = (signed) => new ColorScale({ colors: GRAYS, high: 1, curve: "sqrt", centered: signed });
const pixels = (cells, w, h, signed = false) =>
	rasterize(cells, scaleOf(signed), wholeRange(cells.rows), wholeRange(cells.columns), w, h, GROUND);

const OPTIONS = [
	{},
	{ special: false },
	{ sinks: false },
	{ threshold: 0.1 },
	{ top: 2 },
	{ top: 3, threshold: 0.05, sinks: false },
	{ words: true },
	{ sinks: false, renormalise: true },
];
const TOKENS = [{ label: "<s>", special: true }, ..."bcdefghijkl"];

for (const signed of [false, true]) {
	for (const options of OPTIONS) {
		test(`pooled codes are pooled weights: signed ${signed}, ${JSON.stringify(options)}`, async () => {
			const map = selfMap(TOKENS, { signed, row_sum: signed ? "any" : "1" });
			map.words = { queries: map.words.queries.map((n) => n >> 1), keys: map.words.keys };
			const array = await loadedArray([[randomRows(TOKENS.length, { signed })]], { signed });
			const matrix = new WeightMatrix(map, decodeHead(array, 0, 0), options);
			for (const [w, h] of [[4, 4], [5, 3], [40, 40], [1, 1]]) {
				const fast = pixels(pictureCells(map, array, 0, 0, options, w, h), w, h, signed);
				const slow = pixels(matrix, w, h, signed);
				assert.deepEqual([fast.width, fast.height], [slow.width, slow.height]);
				assert.deepEqual(fast.data, slow.data);
			}
		});
	}
}

test("a strong weight is in the picture, however small it is drawn", async () => {
	const rows = Array.from({ length: 100 }, () => Array(100).fill(0));
	rows[37][73] = 1;
	const array = await loadedArray([[rows]]);
	const map = selfMap(rows.map((_, i) => `t${i}`));
	const { data } = pixels(pictureCells(map, array, 0, 0, {}, 10, 10), 10, 10);
	const lightest = [...data.keys()].filter((i) => i % 4 === 0 && data[i] === 255);
	assert.deepEqual(lightest, [4 * (3 * 10 + 7)]);
});

test("masked cells are transparent, cells that are not drawn have the ground", async () => {
	const array = await loadedArray([[[[1, null], [0.9, 0.1]]]]);
	const matrix = new WeightMatrix(selfMap(["a", "b"]), decodeHead(array, 0, 0), { threshold: 0.5 });
	const { data } = pixels(matrix, 2, 2);
	assert.deepEqual([...data.slice(0, 8)], [255, 255, 255, 255, 0, 0, 0, 0]);
	assert.deepEqual([...data.slice(12)], [...GROUND, 255]);
});

test("a thumbnail is opaque, with hatched masked cells and square cells", async () => {
	const array = await loadedArray([[[[1, null], [0.5, 0.5]]]]);
	const matrix = new WeightMatrix(selfMap(["a", "b"]), decodeHead(array, 0, 0));
	assert.deepEqual(thumbnailSize(2, 1, 20), { width: 10, height: 20 });
	const theme = { ground: "#fdfdfb", hatch: "rgb(196, 196, 190)" };
	const data = thumbnailPixels(matrix, scaleOf(false), 20, 20, theme);
	const at = (x, y) => [...data.slice(4 * (20 * y + x), 4 * (20 * y + x) + 4)];
	assert.deepEqual([at(0, 0), at(11, 0), at(12, 0)], [[255, 255, 255, 255], [196, 196, 190, 255], [253, 253, 251, 255]]);
});

test("colors of the theme are read in both notations, and others refused", () => {
	assert.deepEqual([parseRgb("rgb(1, 2, 3)"), parseRgb("#0a0b0c")], [[1, 2, 3], [10, 11, 12]]);
	assert.throws(() => parseRgb("red"), /"red" is no color/);
});
