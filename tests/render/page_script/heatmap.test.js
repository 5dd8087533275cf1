import assert from "node:assert/strict";
import { test } from "node:test";

import { ColorScale } from "../../../attnviz/render/page/script/color_scale.js";
import { decodeHead } from "../../../attnviz/render/page/script/dense_head.js";
import { HeatmapPainter } from "../../../attnviz/render/page/script/heatmap_painter.js";
import * as layouts from "../../../attnviz/render/page/script/map_layout.js";
import { minimapFrame, minimapTarget } from "../../../attnviz/render/page/script/minimap.js";
import { SvgContext, escapeXml } from "../../../attnviz/render/page/script/svg_context.js";
import { WeightMatrix } from "../../../attnviz/render/page/script/weight_matrix.js";
import { GRAYS, HOSTILE, THEME, loadedArray, randomRows, selfMap } from "./maps.js";

const { WHOLE } = layouts;
const measure = (text) => 7 * text.length;

/** Where a cell is on the canvas. */
function boxOf({ left, top, cell }, { x, y, k }, row, column) {
	return { x: left + x + column * cell * k, y: top + y + row * cell * k, width: cell * k };
}

/** The transform with a cell in the middle, and cells of some pixels. */
function zoomedTo(layout, row, column, size = 24) {
	const [x, y] = [layout.w / 2 - (column + 0.5) * size, layout.h / 2 - (row + 0.5) * size];
	return layouts.clampTransform(layout, { x, y, k: size / layout.cell });
}

async function matrixOf(n, options, more) {
	const tokens = Array.from({ length: n }, (_, i) => ({ label: `t${i}`, segment: Number(i > 2) }));
	const array = await loadedArray([[randomRows(n)]]);
	return new WeightMatrix(selfMap(tokens, more), decodeHead(array, 0, 0), options);
}

function svgOf(matrix, layout, transform, { mark = { row: -1, column: -1 }, ...options } = {}) {
	const scale = new ColorScale({ colors: GRAYS, high: 1 });
	const svg = new SvgContext(layout.width, layout.height, "svg");
	new HeatmapPainter(matrix, layout, scale).paint(svg, transform, mark, THEME, options);
	return svg.toString();
}

test("a short text has square cells that fit, and labels that do not overlap", async () => {
	const layout = layouts.layoutMap(await matrixOf(5), 600, 400, measure);
	assert.ok(layout.left + 5 * layout.cell <= 600 && layout.top + 5 * layout.cell <= 400);
	assert.deepEqual([layout.turn, Number.isInteger(layout.cell)], [0, true]);
	const crowded = layouts.layoutMap(await matrixOf(60), 600, 400, measure);
	assert.equal(crowded.turn, Math.PI / 2);
	assert.ok(60 * crowded.cell <= crowded.w && 60 * crowded.cell <= crowded.h);
});

test("a long label has an ellipsis, and a repeated one its position", async () => {
	const map = selfMap(["x".repeat(200), "a", "a"]);
	const matrix = new WeightMatrix(map, decodeHead(await loadedArray([[randomRows(3)]]), 0, 0));
	const { rows } = layouts.layoutMap(matrix, 600, 400, measure);
	assert.ok(rows[0].endsWith("…") && measure(rows[0]) <= 132);
	assert.deepEqual(rows.slice(1), ["a (1)", "a (2)"]);
});

const TRANSFORMS = [WHOLE, { x: -40, y: -10, k: 2 }, { x: -333, y: -777, k: 7.5 }];
test("the cell under the pointer is the one that is painted there", async () => {
	const layout = layouts.layoutMap(await matrixOf(30), 300, 300, measure);
	for (const transform of TRANSFORMS) {
		for (const [row, column] of [[0, 0], [7, 3], [29, 29]]) {
			const { x, y, width } = boxOf(layout, transform, row, column);
			const inView = x >= layout.left && y >= layout.top && x + width <= layout.left + layout.w && y + width <= layout.top + layout.h;
			const found = layouts.cellAt(layout, transform, x + width / 2, y + width / 2);
			if (inView) assert.deepEqual(found, { row, column });
		}
		assert.deepEqual(layouts.cellAt(layout, transform, 1, 1), { row: -1, column: -1 });
		assert.equal(layouts.cellAt(layout, WHOLE, 1, layout.top + 2.5 * layout.cell).row, 2);
		assert.deepEqual(layouts.cellAt(layout, transform, 299.5, 299.5), { row: -1, column: -1 });
	}
});

test("a transform leaves no empty room, and no cell is larger than 80 pixels", async () => {
	const layout = layouts.layoutMap(await matrixOf(30), 300, 300, measure);
	assert.deepEqual(layouts.clampTransform(layout, { x: 50, y: -9999, k: 0.2 }), WHOLE);
	const far = layouts.clampTransform(layout, { x: -99999, y: 5, k: 1000 });
	assert.equal(far.k * layout.cell, 80);
	assert.deepEqual([far.x, far.y], [layout.w - 30 * 80, 0]);
});

test("a cell out of view is moved into it, and one in view stays", async () => {
	const layout = layouts.layoutMap(await matrixOf(100), 400, 400, measure);
	for (const [row, column] of [[0, 99], [99, 0], [50, 50]]) {
		const moved = layouts.keepInView(layout, { x: 0, y: 0, k: 8 }, row, column);
		const { x, y, width } = boxOf(layout, moved, row, column);
		assert.ok(x >= layout.left - 1e-9 && x + width <= layout.left + layout.w + 1e-9);
		assert.ok(y >= layout.top - 1e-9 && y + width <= layout.top + layout.h + 1e-9);
		assert.equal(layouts.keepInView(layout, moved, row, column), moved);
	}
});

test("labels do not overlap, and those of marked cells come first", () => {
	const range = { from: 0, to: 100 };
	assert.deepEqual(layouts.thinLabels({ from: 2, to: 5 }, 20, [-1]), [2, 3, 4]);
	const labels = layouts.thinLabels(range, 2, [51, 52, -1]);
	assert.ok(labels.includes(51) && !labels.includes(52) && !labels.includes(48));
	assert.ok(labels.every((i, at) => at === 0 || i - labels[at - 1] >= 6));
});

test("each visible cell is painted once, in the color of its weight, and no other", async () => {
	const matrix = await matrixOf(40);
	const layout = layouts.layoutMap(matrix, 500, 500, measure);
	const text = svgOf(matrix, layout, zoomedTo(layout, 20, 10, 80));
	const numbers = text.match(/>0\.\d\d\d?</g).length;
	const scale = new ColorScale({ colors: GRAYS, high: 1 });
	assert.ok(numbers > 10 && numbers < 60, `${numbers} cells`);
	assert.ok(text.includes(`fill="${scale.css(matrix.cell(20, 10).value)}"`));
	const whole = svgOf(matrix, layout, WHOLE);
	assert.ok(whole.includes("url(#hatch") && !/>0\.\d\d</.test(whole));
});

test("borders are drawn where segments begin, or where the map states it", async () => {
	const matrix = await matrixOf(6);
	const painter = new HeatmapPainter(matrix, layouts.layoutMap(matrix, 400, 400, measure), null);
	assert.deepEqual(painter.bordersOf({}), { rows: [3], columns: [3] });
	assert.deepEqual(painter.bordersOf({ borders: { queries: [2], keys: [] } }), { rows: [2], columns: [] });
	const partial = await matrixOf(6, { sinks: false });
	const other = new HeatmapPainter(partial, painter.layout, null);
	assert.deepEqual(other.bordersOf({ borders: { queries: [], keys: [0, 2] } }), { rows: [], columns: [1] });
});

test("bars of row sums have a scale of their own, and do not change the colors", async () => {
	const matrix = await matrixOf(6, { sinks: false });
	const layout = layouts.layoutMap(matrix, 500, 400, measure);
	assert.equal(matrix.margin.mark, "Σ");
	const text = svgOf(matrix, layout, WHOLE);
	assert.ok(text.includes(">Σ<"));
});

test("marks have a halo in the color of the page below a line in the color of text", async () => {
	const matrix = await matrixOf(6);
	const layout = layouts.layoutMap(matrix, 400, 400, measure);
	const text = svgOf(matrix, layout, WHOLE, { mark: { row: 4, column: 2 }, chosen: { row: 5, column: 1 } });
	const strokes = [...text.matchAll(/stroke="([^"]+)" stroke-width="(\d)"/g)].map(([, c, w]) => `${w} ${c}`);
	assert.deepEqual(strokes.slice(0, 4), [`3 ${THEME.ground}`, `3 ${THEME.ground}`, `1 ${THEME.ink}`, `1 ${THEME.ink}`]);
	assert.equal(strokes.filter((stroke) => stroke === `2 ${THEME.accent}`).length, 2);
});

test("the minimap frames the part in view and centers the view on a point", async () => {
	const layout = layouts.layoutMap(await matrixOf(100), 400, 400, measure);
	const size = { width: 100, height: 100 };
	const transform = zoomedTo(layout, 50, 50);
	const { x, w } = minimapFrame(layout, transform, size);
	assert.ok(Math.abs(x + w / 2 - 50.5) < 0.2);
	const moved = minimapFrame(layout, minimapTarget(layout, transform, 100, 30, 70), size);
	assert.ok(Math.abs(moved.x + moved.w / 2 - 30) < 0.2 && Math.abs(moved.y + moved.h / 2 - 70) < 0.2);
});

test("hostile tokens are text in SVG", async () => {
	for (const token of HOSTILE) {
		const map = selfMap([token, "b"]);
		const matrix = new WeightMatrix(map, decodeHead(await loadedArray([[[[1, null], [0.5, 0.5]]]]), 0, 0));
		const text = svgOf(matrix, layouts.layoutMap(matrix, 400, 400, measure), WHOLE);
		assert.ok(!/<script|<img|<!\[CDATA|\u0000/i.test(text));
		assert.equal(text.match(/<g /g)?.length, text.match(/<\/g>/g)?.length);
	}
	assert.equal(escapeXml('<a b="c">&\u0001\ud800'), "&lt;a b=&quot;c&quot;&gt;&amp;\ufffd\ufffd");
});
