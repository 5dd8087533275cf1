// Reads the data of pages, one file each, and prints what the engines make of them, one JSON line
// each: the JSON document, the CSV of the first head, and what cells show.

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
	const matrix = new WeightMatrix(map, decodeHead(weights, 0, 0));
	const csv = headCsv(map, matrix, map.layers[0], map.heads[0]);
	const facts = matrix.rows.map((_, r) => matrix.columns.map((_, c) => cellFacts(matrix, r, c, precision)));
	const shown = facts.map((row) => row.map(({ text, percent, rank, tied }) => [text, percent, rank, tied]));
	const { margin, totals } = matrix;
	return { document, csv, shown, sums: [...totals], margin: margin && [margin.mark, [...margin.values]] };
}

for (const path of process.argv.slice(2)) {
	const { maps, precision } = JSON.parse(readFileSync(path, "utf8"));
	console.log(JSON.stringify(await readMap(maps[0], precision)));
}
