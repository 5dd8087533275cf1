// Reads the data of pages, one file each, and prints what the engines make of them, one JSON line
// each: the JSON document, the CSV of the first head, what its cells show, and the same without
// special tokens, renormalized.

import { readFileSync } from "node:fs";

import { decodeHead } from "../../../attnviz/render/page/script/dense_head.js";
import { headCsv } from "../../../attnviz/render/page/script/head_csv.js";
import { mapJson } from "../../../attnviz/render/page/script/map_json.js";
import { QuantizedArray } from "../../../attnviz/render/page/script/quantized_array.js";
import { cellFacts } from "../../../attnviz/render/page/script/row_facts.js";
import { WeightMatrix } from "../../../attnviz/render/page/script/weight_matrix.js";

async function readMap(map, precision) {
	const weights = new QuantizedArray(map.weights);
	const document = (await mapJson(map, { weights })).join("");
	const head = decodeHead(weights, 0, 0);
	const matrix = new WeightMatrix(map, head);
	const csv = headCsv(map, matrix, map.layers[0], map.heads[0]);
	const { margin, totals } = matrix;
	const sums = { sums: [...totals], margin: margin && [margin.mark, [...margin.values]] };
	const rest = new WeightMatrix(map, head, { special: false, renormalise: true });
	const renormalized = { shown: shownIn(rest, precision), notes: rest.notes };
	return { document, csv, shown: shownIn(matrix, precision), ...sums, renormalized };
}

/** Text, percentage, rank and ties of each cell. */
function shownIn(matrix, precision) {
	const facts = (r) => matrix.columns.map((_, c) => cellFacts(matrix, r, c, precision));
	const rows = matrix.rows.map((_, r) => facts(r));
	return rows.map((row) => row.map(({ text, percent, rank, tied }) => [text, percent, rank, tied]));
}

for (const path of process.argv.slice(2)) {
	const { maps, precision } = JSON.parse(readFileSync(path, "utf8"));
	console.log(JSON.stringify(await readMap(maps[0], precision)));
}
