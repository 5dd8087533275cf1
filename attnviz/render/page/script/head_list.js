// All heads in the order of the weight of the marked pair, or of a measure.

import { computed, effect, signal } from "@preact/signals";
import { parseFilter } from "./head_filter.js";
import { rankByMeasure, rankByPair } from "./head_ranking.js";
import { hasPair, mainCell } from "./selection.js";
import { settings } from "./settings.js";
import { currentMap, mainHead, options } from "./shown_heads.js";

/** @typedef {import("./head_ranking.js").HeadEntry} HeadEntry */
/** @typedef {import("./page_data.js").PageMap} PageMap */

/** What the heads are ranked by: "pair", or the name of a measure. */
export const rankedBy = computed(() => {
	const { rank } = settings.value;
	const names = currentMap.value.measures.map(({ name }) => name);
	if (names.includes(rank) || rank === "pair") return rank;
	return hasPair.value ? "pair" : (names[0] ?? "pair");
});

/** @type {import("@preact/signals").Signal<{by: string, list: HeadEntry[]}>} */
export const ranking = signal({ by: "", list: [] });

/** @param {PageMap} map @param {string} name @returns {HeadEntry[]} */
function byMeasure(map, name) {
	const measure = map.measures.find((each) => each.name === name);
	if (!measure) return [];
	const patterns = map.patterns?.map((heads) => heads.map((pattern) => pattern?.name ?? null));
	return rankByMeasure(map, measure.values, { lowestFirst: measure.lowest_first, signed: measure.signed, patterns });
}

let latest = 0;
effect(() => {
	const wanted = { by: rankedBy.value, map: currentMap.value, chosen: options.value, head: mainHead.value };
	const cell = mainCell.value;
	const turn = ++latest;
	requestAnimationFrame(() => turn === latest && rank(wanted, cell, turn)); // once a frame while the pointer moves
});

/**
 * @param {{by: string, map: PageMap, chosen: import("./weight_matrix.js").MatrixOptions, head: import("./shown_heads.js").ShownHead | undefined}} wanted
 * @param {{row: number, column: number}} cell @param {number} turn
 */
function rank({ by, map, chosen, head }, { row, column }, turn) {
	if (by !== "pair" || !head || row < 0) {
		ranking.value = { by, list: byMeasure(map, by) };
		return;
	}
	const [queries, keys] = [head.matrix.rows[row].members, head.matrix.columns[column].members];
	const work = { isCurrent: () => turn === latest };
	rankByPair(map, map.array, queries, keys, chosen, work).then(
		(list) => list && turn === latest && (ranking.value = { by, list }),
		() => (ranking.value = { by, list: [] }),
	);
}

/** The entries that match the filter, and why it cannot be read. */
export const filtered = computed(() => {
	const { matches, error } = parseFilter(settings.value.filter);
	return { list: ranking.value.list.filter(matches), error };
});

/** The value of each head, by its indices, and the largest magnitude of all. */
export const headValues = computed(() => {
	const { list } = ranking.value;
	const values = new Map(list.map((entry) => [`${entry.layer} ${entry.head}`, entry]));
	const most = list.reduce((all, { value, masked }) => (masked ? all : Math.max(all, Math.abs(value))), 0);
	return { values, most };
});
