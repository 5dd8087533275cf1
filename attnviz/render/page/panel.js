// A heatmap that can be scrolled, zoomed, pointed at and walked through with the keyboard.

import { ARROWS, el, keyed, say, within } from "./dom.js";
import { drawHeatmap } from "./heatmap.js";
import { planned } from "./plan.js";
import { sized } from "./raster.js";
import { many } from "./words.js";

export class Panel {
	constructor(page, place) {
		this.page = page;
		this.canvas = el("canvas");
		this.extent = el("div", this.canvas);
		const about = {
			role: "application",
			"aria-roledescription": "heatmap",
			tabindex: 0,
			"data-place": place,
			onscroll: () => this.paint(),
			onpointermove: (event) => page.point(...this.under(event)),
			onpointerleave: () => page.point(-1, -1),
			onclick: (event) => page.choose(...this.under(event)),
		};
		this.node = el("div.panel", about, this.extent);
		keyed(this.node, ARROWS, (step) => this.walk(...step));
	}

	draw(sheet, height, name) {
		const width = this.node.parentNode.clientWidth;
		const plan = planned(sheet, width, height, this.page.state.zoom);
		Object.assign(this, { sheet, plan });
		const [w, h] = [plan.w, plan.h].map(Math.floor);
		Object.assign(this.extent.style, { width: `${w}px`, height: `${h}px` });
		this.node.style.maxHeight = `${height + 12}px`;
		const queries = many(sheet.rows.length, "query", "queries");
		const shape = `${queries} by ${many(sheet.columns.length, "key")}`;
		this.node.ariaLabel = `${name}: ${shape}. Arrow keys move the cursor.`;
	}

	paint() {
		const { clientWidth: w, clientHeight: h, scrollLeft: x, scrollTop: y } = this.node;
		const { sheet, plan, page } = this;
		drawHeatmap(sized(this.canvas, w, h), sheet, plan, { x, y, w, h }, page.marks(sheet));
	}

	/** The row and column under the pointer, or −1. */
	under({ offsetX, offsetY }) {
		const { left, top, cell, rows, columns } = this.plan;
		const [x, y] = [offsetX - left, offsetY - top];
		const row = Math.floor((y + this.node.scrollTop) / cell);
		const column = Math.floor((x + this.node.scrollLeft) / cell);
		const inside = x >= 0 && y >= 0 && row < rows.length && column < columns.length;
		return inside ? [row, column] : [-1, -1];
	}

	walk(down, right) {
		const { sheet, page, node, plan } = this;
		if (!sheet.values.length) return;
		const { row, column } = page.chosen(sheet);
		const r = within(row + down, sheet.rows.length);
		const c = within(column + right, sheet.columns.length);
		page.choose(r, c);
		say(`${sheet.rows[r].label} → ${sheet.columns[c].label}: ${sheet.cell(r, c).said}`);
		const { left, top, cell } = plan; // the cell is scrolled into sight
		const near = (start, scrolled, room) => Math.min(start, Math.max(scrolled, start + cell - room));
		node.scrollLeft = near(c * cell, node.scrollLeft, node.clientWidth - left);
		node.scrollTop = near(r * cell, node.scrollTop, node.clientHeight - top);
	}
}
