// The map of a head as a matrix: zoom, hover, click and arrow keys.

import { useSignalEffect } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { canvasContext } from "./canvas.js";
import { HeatmapPainter } from "./heatmap_painter.js";
import { clamp, stepOf } from "./keyboard.js";
import { cellAt, clampTransform, keepInView, maxScale } from "./map_layout.js";
import { Minimap } from "./minimap_panel.js";
import { connectZoom, setTransform, transform } from "./map_zoom.js";
import { pluralize } from "./number_text.js";
import { precision } from "./page_data.js";
import { cellText } from "./row_facts.js";
import { scaleOf } from "./scales.js";
import { announcement, hover, markedCell, select, selectCell } from "./selection.js";
import { settings } from "./settings.js";
import { theme } from "./theme.js";
import { found } from "./token_finder.js";
import { hideTooltip, showTooltip } from "./tooltip.js";
import { html } from "./view.js";

/** @typedef {import("./shown_heads.js").ShownHead} ShownHead */
/** @typedef {import("./map_layout.js").MapLayout} MapLayout */

const MANY = 64; // tokens beyond which there is a minimap
/** @type {Record<string, number>} */
const FACTORS = { "-": 1 / 1.5, "+": 1.5, "=": 1.5, 0: 0 };

/**
 * Zooms around the marked cell, 0: to fit.
 * @param {MapLayout} layout @param {{row: number, column: number}} cell @param {number} factor
 */
export function zoomBy(layout, { row, column }, factor) {
	const { x, y, k } = transform.value;
	const next = factor === 0 ? 1 : Math.max(1, Math.min(maxScale(layout), k * factor));
	const about = (/** @type {number} */ start, /** @type {number} */ i) => {
		const middle = (Math.max(0, i) + 0.5) * layout.cell;
		return start + middle * (k - next);
	};
	const moved = clampTransform(layout, { x: about(x, column), y: about(y, row), k: next });
	setTransform(row < 0 ? moved : keepInView(layout, moved, row, column));
}

/**
 * Takes the zoom of the address, as when the page opens.
 * @param {MapLayout} layout @param {import("./weight_matrix.js").WeightMatrix} matrix @param {number} zoom
 */
function followZoom(layout, matrix, zoom) {
	const { k } = transform.value;
	if (Math.abs(k - zoom) > 0.01) zoomBy(layout, markedCell(matrix), zoom / k);
}

/** The value of the marked cell, beside the title of a map. @param {{matrix: import("./weight_matrix.js").WeightMatrix}} props */
function MarkedValue({ matrix }) {
	const { row, column } = markedCell(matrix);
	return html`<b>${row < 0 ? "" : cellText(matrix, row, column, precision)}</b>`;
}

/** @param {{shown: ShownHead, layout: MapLayout, titled: boolean}} props */
export function MatrixPanel({ shown, layout, titled }) {
	const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
	const latest = useRef({ shown, layout });
	latest.current = { shown, layout };
	const { matrix, map, name } = shown;
	const { palette, scale: shared, curve, limit } = settings.value;
	const last = useRef(/** @type {HeatmapPainter | null} */ (null));
	const painter = useMemo(
		() => new HeatmapPainter(matrix, layout, scaleOf(map, matrix).scale, last.current),
		[matrix, layout, palette, shared, curve, limit, theme.value],
	);
	last.current = painter;
	const paint = () => {
		const node = canvas.current;
		if (!node) return;
		const ctx = canvasContext(node, layout.width, layout.height);
		const { queries, keys } = found.value;
		const marks = { rows: groupsOf(matrix.rowOf, queries), columns: groupsOf(matrix.columnOf, keys) };
		painter.paint(ctx, transform.value, markedCell(matrix), theme.value, { found: marks, borders: map.borders, precision }, Math.max(1, devicePixelRatio));
	};
	const painting = useRef(paint);
	painting.current = paint;
	useLayoutEffect(() => followZoom(layout, matrix, settings.value.zoom), [layout, settings.value.zoom]);
	useLayoutEffect(paint, [painter]);
	useSignalEffect(() => painting.current());
	useLayoutEffect(() => connectZoom(/** @type {HTMLCanvasElement} */ (canvas.current), () => latest.current.layout), [layout]);
	useSignalEffect(() => {
		settings.value.q, settings.value.k; // a selected cell stays in view
		const { shown: head, layout: place } = latest.current;
		const { row, column } = markedCell(head.matrix);
		if (row >= 0 && settings.value.q >= 0) setTransform(keepInView(place, transform.peek(), row, column));
	});
	const at = (/** @type {MouseEvent} */ event) => cellAt(layout, transform.value, event.offsetX, event.offsetY);
	const move = (/** @type {PointerEvent} */ event) => {
		const { row, column } = at(event);
		if (row < 0 || column < 0) return leave();
		hover({ q: matrix.rows[row].members[0], k: matrix.columns[column].members[0] });
		if (event.pointerType !== "touch") showTooltip(event, shown, row, column);
	};
	const leave = () => {
		hover({});
		hideTooltip();
	};
	const click = (/** @type {MouseEvent} */ event) => {
		const { row, column } = at(event);
		if (row >= 0 && column >= 0) selectCell(matrix, row, column);
		else if (row >= 0 && matrix.rows[row]) select({ q: matrix.rows[row].members[0] });
		else if (column >= 0 && matrix.columns[column]) select({ k: matrix.columns[column].members[0] });
	};
	const press = (/** @type {KeyboardEvent} */ event) => {
		const step = stepOf(event);
		const factor = event.ctrlKey || event.metaKey ? undefined : FACTORS[event.key];
		if (factor !== undefined) zoomBy(layout, markedCell(matrix), factor);
		else if (step && matrix.values.length) walk(step);
		else return;
		hideTooltip();
		event.preventDefault();
	};
	const walk = (/** @type {[number, number]} */ [down, right]) => {
		const { row, column } = markedCell(matrix);
		const [r, c] = [clamp(row + down, matrix.rows.length), clamp(column + right, matrix.columns.length)];
		selectCell(matrix, r, c);
		announcement.value = `${matrix.rows[r].label} → ${matrix.columns[c].label}: ${cellText(matrix, r, c, precision)}`;
	};
	const queries = pluralize(matrix.rows.length, "query", "queries");
	const label = `${titled ? map.name : name}: ${queries} by ${pluralize(matrix.columns.length, "key")}. Arrow keys move the cursor.`;
	const large = Math.max(matrix.rows.length, matrix.columns.length) > MANY;
	return html`<div class="frame">
		${titled && html`<h2>${settings.value.view === "compare" ? map.name : name}<${MarkedValue} matrix=${matrix} /></h2>`}
		<div class="panel" role="application" aria-roledescription="heatmap" aria-label=${label} tabindex="0" onKeyDown=${press}>
			<canvas ref=${canvas} onPointerMove=${move} onPointerLeave=${leave} onClick=${click} onDblClick=${() => zoomBy(layout, markedCell(matrix), 0)}></canvas>
			${(large || transform.value.k > 1) && html`<${Minimap} painter=${painter} layout=${layout} />`}
		</div>
	</div>`;
}

/** The rows or columns of some tokens. @param {number[]} groupOf @param {Set<number>} tokens */
const groupsOf = (groupOf, tokens) => new Set([...tokens].map((token) => groupOf[token]).filter((i) => i >= 0));
