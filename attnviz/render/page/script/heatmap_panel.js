// @ts-nocheck
// Heatmap panel: scrolling, zoom, hover, click and arrow keys.

import { ARROWS, announce, clamp, el, onKeys } from "./dom.js";
import { pluralize } from "./format.js";
import { drawHeatmap } from "./heatmap.js";
import { layoutHeatmap } from "./layout.js";
import { resizeCanvas } from "./raster.js";

export class HeatmapPanel {
	constructor(page, stop) {
		this.page = page;
		this.canvas = el("canvas");
		this.extent = el("div", this.canvas);
		const props = {
			role: "application",
			"aria-roledescription": "heatmap",
			tabindex: 0,
			"data-stop": stop,
			onscroll: () => this.paint(),
			onpointermove: (event) => page.hover(...this.cellAt(event)),
			onpointerleave: () => page.hover(-1, -1),
			onclick: (event) => page.select(...this.cellAt(event)),
		};
		this.node = el("div.panel", props, this.extent);
		onKeys(this.node, ARROWS, (step) => this.walk(...step));
	}

	draw(matrix, height, name) {
		const width = this.node.parentNode.clientWidth;
		const layout = layoutHeatmap(matrix, width, height, this.page.state.zoom);
		Object.assign(this, { matrix, layout });
		const [w, h] = [layout.w, layout.h].map(Math.floor);
		Object.assign(this.extent.style, { width: `${w}px`, height: `${h}px` });
		this.node.style.maxHeight = `${height + 12}px`;
		const queries = pluralize(matrix.rows.length, "query", "queries");
		const shape = `${queries} by ${pluralize(matrix.columns.length, "key")}`;
		this.node.ariaLabel = `${name}: ${shape}. Arrow keys move the cursor.`;
	}

	paint() {
		const { clientWidth: w, clientHeight: h, scrollLeft: x, scrollTop: y } = this.node;
		const { matrix, layout, page } = this;
		const view = { x, y, w, h };
		drawHeatmap(resizeCanvas(this.canvas, w, h), matrix, layout, view, page.markedCell(matrix));
	}

	/** The row and column under the pointer, or −1. */
	cellAt({ offsetX, offsetY }) {
		const { left, top, cell, rows, columns } = this.layout;
		const [x, y] = [offsetX - left, offsetY - top];
		const row = Math.floor((y + this.node.scrollTop) / cell);
		const column = Math.floor((x + this.node.scrollLeft) / cell);
		const inside = x >= 0 && y >= 0 && row < rows.length && column < columns.length;
		return inside ? [row, column] : [-1, -1];
	}

	walk(down, right) {
		const { matrix, page, node, layout } = this;
		if (!matrix.values.length) return;
		const { row, column } = page.selection(matrix);
		const r = clamp(row + down, matrix.rows.length);
		const c = clamp(column + right, matrix.columns.length);
		page.select(r, c);
		announce(`${matrix.rows[r].label} → ${matrix.columns[c].label}: ${matrix.cell(r, c).text}`);
		const { left, top, cell } = layout; // scrolls the cell into view
		const near = (start, scrolled, room) => Math.min(start, Math.max(scrolled, start + cell - room));
		node.scrollLeft = near(c * cell, node.scrollLeft, node.clientWidth - left);
		node.scrollTop = near(r * cell, node.scrollTop, node.clientHeight - top);
	}
}
