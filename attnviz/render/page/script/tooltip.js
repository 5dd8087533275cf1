// The tooltip at the pointer: tokens with their positions, value, percentage, rank and sum.

import { signal } from "@preact/signals";
import { precision } from "./page_data.js";
import { cellFacts } from "./row_facts.js";
import { pooledLabel, positionText } from "./token_labels.js";
import { html } from "./view.js";

/** @typedef {import("./shown_heads.js").ShownHead} ShownHead */

const WIDTH = 240; // of the widest tooltip, in CSS pixels

/** @type {import("@preact/signals").Signal<{x: number, y: number, shown: ShownHead, row: number, column: number} | null>} */
const tooltip = signal(null);

/** @param {MouseEvent} event @param {ShownHead} shown @param {number} row @param {number} column */
export function showTooltip({ clientX: x, clientY: y }, shown, row, column) {
	tooltip.value = { x, y, shown, row, column };
}

export const hideTooltip = () => (tooltip.value = null);

export function Tooltip() {
	if (!tooltip.value) return null;
	const { x, y, shown, row, column } = tooltip.value;
	const { matrix, name, map } = shown;
	const [query, key] = [matrix.rows[row], matrix.columns[column]];
	if (!query || !key) return null;
	const queryName = map.ranges ? pooledLabel(matrix.rows, row, map.ranges.queries) : `${query.label} (${positionText(query)})`;
	const keyName = map.ranges ? pooledLabel(matrix.columns, column, map.ranges.keys) : `${key.label} (${positionText(key)})`;
	const { text, percent, rankText, sumText } = cellFacts(matrix, row, column, precision);
	const left = Math.max(4, Math.min(x + 14, innerWidth - WIDTH));
	const style = { left: `${left}px`, ...(y > innerHeight / 2 ? { bottom: `${innerHeight - y + 14}px` } : { top: `${y + 16}px` }) };
	return html`<div id="tooltip" aria-hidden="true" style=${style}>
		<p class="muted">${name}</p>
		<p><bdi class="query">${queryName}</bdi> → <bdi>${keyName}</bdi></p>
		<p><b>${text}</b> ${percent}</p>
		<p class="muted">${[rankText, sumText].filter(Boolean).join("; ")}</p>
	</div>`;
}
