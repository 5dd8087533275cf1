import assert from "node:assert/strict";
import { test } from "node:test";

import { ColorScale } from "../../../attnviz/render/page/script/color_scale.js";
import { decodeHead } from "../../../attnviz/render/page/script/dense_head.js";
import { headColors } from "../../../attnviz/render/page/script/head_colors.js";
import { headBoxes, layoutLines, linksOf, paintLines } from "../../../attnviz/render/page/script/line_painter.js";
import { layoutPicture, paintPicture } from "../../../attnviz/render/page/script/lines_picture.js";
import { MAX_LINKS, strongestLinks } from "../../../attnviz/render/page/script/strongest_links.js";
import { SvgContext } from "../../../attnviz/render/page/script/svg_context.js";
import { WeightMatrix } from "../../../attnviz/render/page/script/weight_matrix.js";
import { GRAYS, THEME, close, loadedArray, randomRows, selfMap } from "./maps.js";

async function layerOf(rows, { signed = false, color = "#123456", name = "0.0", ...options } = {}) {
	const map = selfMap(rows.map((_, i) => `t${i}`), { signed, row_sum: signed ? "any" : "1" });
	const matrix = new WeightMatrix(map, decodeHead(await loadedArray([[rows]], { signed }), 0, 0), options);
	return { matrix, scale: new ColorScale({ colors: GRAYS, high: 1, centered: signed }), color, name };
}

function svgOf(layers, marked, view = {}) {
	const n = layers[0].matrix.rows.length;
	const layout = layoutLines(n, n, 360, 20, view);
	const svg = new SvgContext(layout.width, layout.height, "svg");
	const counts = paintLines(svg, layers, { marked, layout, theme: THEME });
	return { text: svg.toString(), counts, layout };
}

const opacities = (text) => [...text.matchAll(/stroke-opacity="([\d.]+)"/g)].map(([, a]) => Number(a));
const query = (index) => ({ side: "query", index });

test("the opacity of a line is its weight, without a floor", async () => {
	const layer = await layerOf([[1, null, null], [0.75, 0.25, null], [0.5, 0.02, 0.48]]);
	const { text } = svgOf([layer], query(2));
	assert.deepEqual(opacities(text).map((a) => a.toFixed(2)), ["0.02", "0.48", "0.50"]);
	const faint = await layerOf([[1, 0], [0.999, 0.001]]);
	assert.equal(svgOf([faint], query(1)).text.match(/<path/g).length, 1);
});

test("a marked key has the lines of its column, and masked pairs have none", async () => {
	const { matrix } = await layerOf([[1, null, null], [0.75, 0.25, null], [0.5, 0.02, 0.48]]);
	const rows = linksOf(matrix, { side: "key", index: 1 }).links.map(({ row }) => row);
	assert.deepEqual(rows, [2, 1]);
});

test("negative weights are dashed", async () => {
	const { text } = svgOf([await layerOf([[-0.5, 0.25], [0, 0]], { signed: true })], query(0));
	assert.deepEqual(text.match(/stroke-dasharray/g).length, 1);
	assert.ok(text.indexOf("stroke-dasharray") > text.indexOf('stroke-opacity="0.25'));
});

test("without a marked token the strongest lines are drawn, and the others counted", async () => {
	const layer = await layerOf(randomRows(80));
	const { links, n, all } = strongestLinks(layer.matrix);
	const sizes = [...layer.matrix.values].filter((value) => value).sort((a, b) => b - a);
	assert.ok(sizes.length > MAX_LINKS);
	assert.deepEqual([n, all], [MAX_LINKS, sizes.length]);
	assert.ok(close(links[0].value, sizes[MAX_LINKS - 1]) && close(links.at(-1).value, sizes[0]));
	assert.deepEqual(svgOf([layer], null).counts, { drawn: MAX_LINKS, all: sizes.length });
});

test("only lines in view are drawn, where they are", async () => {
	const layer = await layerOf(randomRows(100).map((row, q) => row.map((_, k) => (k === q ? 1 : 0))));
	const { text, layout } = svgOf([layer], null, { height: 100, offset: 1000 });
	assert.equal(layout.height, 100);
	const starts = [...text.matchAll(/d="M0 (-?[\d.]+)C/g)].map(([, y]) => Number(y));
	assert.deepEqual(starts, [-10, 10, 30, 50, 70, 90, 110].filter((y) => y >= 0 && y <= 100));
});

test("several heads have lines beside each other, and their names on the strongest", async () => {
	const rows = [[0.9, 0.1], [0.5, 0.5]];
	const layers = [await layerOf(rows, { name: "3.1" }), await layerOf(rows, { name: "3.2", color: "#654321" })];
	const { text } = svgOf(layers, query(0));
	const starts = new Set([...text.matchAll(/d="M0 ([\d.]+)C/g)].map(([, y]) => y));
	assert.deepEqual([...starts], ["4", "16"]);
	assert.ok(text.includes(">3.1</text>") && text.includes(">3.2</text>"));
	assert.ok(!svgOf([layers[0]], query(0)).text.includes("</text>"));
});

test("boxes on the tokens state the weight of each head", async () => {
	const layers = [await layerOf([[0.9, 0.1], [0.5, 0.5]]), await layerOf([[0.2, 0.8], [1, null]], { name: "0.1" })];
	const boxes = headBoxes(layers, query(0));
	assert.deepEqual(boxes.map(({ boxes: all }) => all.map(({ value }) => value.toFixed(1))), [["0.9", "0.2"], ["0.1", "0.8"]]);
	assert.deepEqual(headBoxes(layers, { side: "key", index: 1 })[1].boxes[1].share, 0);
});

const toLinear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const linear = (hex) => hex.match(/[0-9a-f]{2}/g).map((part) => toLinear(parseInt(part, 16) / 255));
const times = (matrix, vector) => matrix.map((row) => row.reduce((sum, m, i) => sum + m * vector[i], 0));

/** Machado, Oliveira and Fernandes 2009, severity 1. */
const DEUTERANOPIA = [
	[0.367322, 0.860646, -0.227968],
	[0.280085, 0.672501, 0.047413],
	[-0.01182, 0.04294, 0.968881],
];

/** Oklab, Ottosson 2020. */
function oklab(rgb) {
	const cones = times([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]], rgb);
	return times([[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099], [0.0259040371, 0.7827717662, -0.808675766]], cones.map((c) => Math.cbrt(Math.max(0, c))));
}

const views = { "normal sight": (rgb) => oklab(rgb), deuteranopia: (rgb) => oklab(times(DEUTERANOPIA, rgb)) };

/** The smallest distance in Oklab, times 100, of any two colors. */
function closest(colors, see) {
	const points = colors.map((hex) => see(linear(hex)));
	const distances = points.flatMap((a, i) => points.slice(i + 1).map((b) => 100 * Math.hypot(...a.map((x, d) => x - b[d]))));
	return Math.min(...distances);
}

for (const [name, see] of Object.entries(views)) {
	test(`the colors of up to 12 heads differ, ${name}`, () => {
		assert.ok(closest(headColors(12), see) > 9, `${closest(headColors(12), see)}`);
		assert.ok(closest(headColors(4), see) > 15, `${closest(headColors(4), see)}`);
	});
}

test("the colors of heads are visible on a light and on a dark page", () => {
	const luminance = (hex) => times([[0.2126, 0.7152, 0.0722]], linear(hex))[0];
	const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	for (const color of [...headColors(12), headColors(13)[0]]) {
		for (const ground of ["#fdfdfb", "#15171a"]) {
			assert.ok(contrast(luminance(color), luminance(ground)) > 2.3, `${color} on ${ground}`);
		}
	}
});

test("more heads than colors share one hue; those of up to 12 are different", () => {
	assert.equal(new Set(headColors(13)).size, 1);
	assert.equal(headColors(13).length, 13);
	assert.equal(new Set(headColors(12)).size, 12);
	assert.deepEqual(headColors(3), headColors(12).slice(0, 3));
});

test("a picture of the lines has the labels of all tokens, and the marked one in its color", async () => {
	const layers = [await layerOf([[1, null, null], [0.75, 0.25, null], [0.5, 0.02, 0.48]])];
	const layout = layoutPicture(layers, (text) => 7 * text.length);
	const svg = new SvgContext(layout.width, layout.height, "svg");
	paintPicture(svg, layers, layout, query(1), THEME);
	const labels = [...svg.toString().matchAll(/fill="([^"]+)">(t\d)</g)].map(([, color, label]) => [label, color === THEME.accent]);
	assert.deepEqual(labels.slice(0, 3), [["t0", false], ["t1", true], ["t2", false]]);
	assert.deepEqual(labels.slice(3), [["t0", false], ["t1", false], ["t2", false]]);
	assert.deepEqual(opacities(svg.toString()), [0.25, 0.75]);
});

/** A matrix of these rows, whose queries and keys are of two texts. */
async function matrixOfTwoTexts(rows, options) {
	const [queries, keys] = [rows, rows[0]].map((side) => side.map((_, i) => ({ label: `t${i}` })));
	const shown = { queries: queries.map(({ label }) => label), keys: keys.map(({ label }) => label) };
	const words = { queries: [...queries.keys()], keys: [...keys.keys()] };
	const map = { ...selfMap(["a"]), queries, keys, shown, words };
	return new WeightMatrix(map, decodeHead(await loadedArray([[rows]]), 0, 0), options);
}

test("links run from rows to columns, of drawn cells only, also where these are not as many", async () => {
	const ends = ({ links }) => links.map(({ row, column }) => [row, column]);
	const wide = await matrixOfTwoTexts([[0.6, 0.2, 0.1, 0.1], [0.05, 0.05, 0.1, 0.8]], { threshold: 0.15 });
	assert.deepEqual(ends(strongestLinks(wide)), [[0, 1], [0, 0], [1, 3]]);
	assert.deepEqual(ends(linksOf(wide, query(0))), [[0, 1], [0, 0]]);
	const tall = await matrixOfTwoTexts([[0.75, 0.25], [0.5, 0.5], [0.125, 0.875]]);
	assert.deepEqual(ends(linksOf(tall, { side: "key", index: 1 })), [[0, 1], [1, 1], [2, 1]]);
	assert.deepEqual(ends(linksOf(tall, query(2))), [[2, 0], [2, 1]]);
});
