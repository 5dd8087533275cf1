// The one selection of the page. Hover previews a token or a pair, a click selects it and holds
// it, Escape releases it. The marked pair is what all parts of the page show.

import { batch, computed, effect, signal } from "@preact/signals";
import { closeDrawer } from "./drawer.js";
import { pageData } from "./page_data.js";
import { rankedKeys } from "./row_facts.js";
import { change, settings } from "./settings.js";
import { currentMap, mainHead } from "./shown_heads.js";

/** @typedef {import("./weight_matrix.js").WeightMatrix} WeightMatrix */

const NONE = { q: -1, k: -1 };

/** The tokens under the pointer or the focus, by index; −1: none. */
export const hovered = signal(NONE);

/** What is under the pointer is gone once another view or map is shown. */
const place = computed(() => `${settings.value.view} ${settings.value.map}`);
effect(() => {
	place.value;
	hovered.value = NONE;
});

/** @param {{q?: number, k?: number}} tokens */
export function hover({ q = -1, k = -1 }) {
	const { q: before, k: and } = hovered.value;
	if (q !== before || k !== and) hovered.value = { q, k };
}

/** Selects tokens by index. @param {{q?: number, k?: number}} tokens */
export function select(tokens) {
	batch(() => {
		hovered.value = NONE;
		change(tokens);
	});
}

/** Selects a token, or releases it if it is selected. @param {"q" | "k"} side @param {number} token */
export const toggle = (side, token) => select({ [side]: settings.value[side] === token ? -1 : token });

/** Releases the pair. */
export const release = () => select(NONE);

/** The tokens that are held or previewed, −1 for none. */
export const marked = computed(() => {
	const [{ q, k }, preview] = [settings.value, hovered.value];
	return { q: q < 0 ? preview.q : q, k: k < 0 ? preview.k : k };
});

/** Whether a pair is marked, and not only a query. */
export const hasPair = computed(() => marked.value.k >= 0);

/** The row of the marked query; without one, of the query that the page opened with. @param {WeightMatrix} matrix */
function markedRow({ rowOf }) {
	const { q } = marked.value;
	return Math.max(0, rowOf[q < 0 ? pageData.start.q : q] ?? 0);
}

/** The strongest column of a row. @param {WeightMatrix} matrix @param {number} row */
const strongestColumn = (matrix, row) => rankedKeys(matrix, row)[0] ?? 0;

/** The strongest key of the marked query in the selected head, by token index; −1 without cells. */
const strongestKey = computed(() => {
	const matrix = mainHead.value?.matrix;
	if (!matrix?.values.length) return -1;
	return matrix.columns[strongestColumn(matrix, markedRow(matrix))].members[0];
});

/**
 * Row and column of the marked tokens in a matrix. Without a marked key it is the strongest one
 * of the selected head, the same in all matrices; −1 in a matrix without cells.
 * @param {WeightMatrix} matrix
 */
export function markedCell(matrix) {
	if (!matrix.values.length) return { row: -1, column: -1 };
	const { k } = marked.value;
	const row = markedRow(matrix);
	const known = [k, strongestKey.value].map((key) => matrix.columnOf[key] ?? -1).find((column) => column >= 0);
	return { row, column: known ?? strongestColumn(matrix, row) };
}

/** The cell in the matrix of the selected head. */
export const mainCell = computed(() => (mainHead.value ? markedCell(mainHead.value.matrix) : { row: -1, column: -1 }));

/** The query whose weights are shown, as a token index. */
export const markedQuery = computed(() => mainHead.value?.matrix.rows[mainCell.value.row]?.members[0] ?? -1);

/** What screen readers announce. */
export const announcement = signal("");

/** Selects a cell of a matrix. @param {WeightMatrix} matrix @param {number} row @param {number} column */
export function selectCell(matrix, row, column) {
	const [query, key] = [matrix.rows[row], matrix.columns[column]];
	if (query && key) select({ q: query.members[0], k: key.members[0] });
}

/**
 * Selects a head by its indices; from the view of all heads its matrix opens.
 * @param {number} layer @param {number} head
 */
export function selectHead(layer, head) {
	const { layers, heads } = currentMap.value;
	const { view } = settings.value;
	closeDrawer();
	change({ layer: layers[layer], head: heads[head], combine: "", view: view === "overview" ? "matrix" : view });
}
