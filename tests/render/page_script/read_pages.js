// Reads the data of pages, one file each, and prints what the engines make of them, one JSON line
// each: the JSON document, the CSV and the SVG of the first head, what its cells show, and the same
// without special tokens, renormalized.

import { readFileSync } from "node:fs";

import { ColorScale } from "../../../attnviz/render/page/script/color_scale.js";
import { decodeHead } from "../../../attnviz/render/page/script/dense_head.js";
import { headCsv } from "../../../attnviz/render/page/script/head_csv.js";
import { HeatmapPainter } from "../../../attnviz/render/page/script/heatmap_painter.js";
import { mapJson } from "../../../attnviz/render/page/script/map_json.js";
import { WHOLE, layoutMap } from "../../../attnviz/render/page/script/map_layout.js";
import { QuantizedArray, decodeBase64 } from "../../../attnviz/render/page/script/quantized_array.js";
import { cellFacts } from "../../../attnviz/render/page/script/row_facts.js";
import { viewSvg } from "../../../attnviz/render/page/script/view_files.js";
import { stepsOfQuery } from "../../../attnviz/render/page/script/weight_steps.js";
import { WeightMatrix } from "../../../attnviz/render/page/script/weight_matrix.js";

const THEME = { ground: "#fdfdfb", ink: "#1d1e21", muted: "#66696f", accent: "#c2410c", hatch: "#c4c4be" };

function svgOf(matrix, map, colors) {
	const layout = layoutMap(matrix, 900, 900, (text) => 7 * text.length);
	const scale = new ColorScale({ colors, high: map.largest, centered: matrix.signed });
	const painter = new HeatmapPainter(matrix, layout, scale);
	const size = { width: 900, height: 900, ground: THEME.ground };
	const paint = (ctx) => painter.paint(ctx, WHOLE, { row: 0, column: 0 }, THEME);
	return viewSvg(size, "http://www.w3.org/2000/svg", paint);
}

async function readMap(map, precision, colors) {
	const weights = new QuantizedArray(map.weights);
	const document = (await mapJson(map, { weights })).join("");
	const head = decodeHead(weights, 0, 0);
	const matrix = new WeightMatrix(map, head);
	const csv = headCsv(map, matrix, map.layers[0], map.heads[0]);
	const { margin, totals } = matrix;
	const sums = { sums: [...totals], margin: margin && [margin.mark, [...margin.values]] };
	const rest = new WeightMatrix(map, head, { special: false, renormalise: true });
	const steps = map.score_steps?.[0] && (await stepWeights(map, weights));
	const renormalized = { shown: shownIn(rest, precision), notes: rest.notes };
	return { document, csv, steps, svg: svgOf(matrix, map, colors), shown: shownIn(matrix, precision), ...sums, renormalized };
}

/** The weights of the first head by the steps from its vectors. */
async function stepWeights(map, weights) {
	const arrays = { weights, query_vectors: new QuantizedArray(map.query_vectors), key_vectors: new QuantizedArray(map.key_vectors) };
	for (const array of Object.values(arrays)) await array.load(0);
	return map.queries.map((_, q) => stepsOfQuery(arrays, 0, 0, q, map.score_steps[0]).keys.map(({ weight }) => weight));
}

/** Text, percentage, rank and ties of each cell. */
function shownIn(matrix, precision) {
	const facts = (r) => matrix.columns.map((_, c) => cellFacts(matrix, r, c, precision));
	const rows = matrix.rows.map((_, r) => facts(r));
	return rows.map((row) => row.map(({ text, percent, rank, tied }) => [text, percent, rank, tied]));
}

for (const path of process.argv.slice(2)) {
	const { maps, precision, palettes, diverging } = JSON.parse(readFileSync(path, "utf8"));
	const suited = Object.keys(palettes).find((name) => diverging.includes(name) === maps[0].signed);
	console.log(JSON.stringify(await readMap(maps[0], precision, decodeBase64(palettes[suited]))));
}
