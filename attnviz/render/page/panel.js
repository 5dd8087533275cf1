// A heatmap that can be scrolled, zoomed, pointed at and walked through with the keyboard.

import { el, modified, say } from "./dom.js";
import { drawHeatmap } from "./heatmap.js";
import { planned } from "./plan.js";
import { sized } from "./raster.js";
import { many } from "./words.js";

const STEPS = {
	ArrowUp: [-1, 0],
	ArrowDown: [1, 0],
	ArrowLeft: [0, -1],
	ArrowRight: [0, 1],
	Home: [0, -Infinity],
	End: [0, Infinity],
};

const within = (at, n) => Math.max(0, Math.min(n - 1, at));

export class Panel {
	constructor(page, place) {
		this.page = page;
		this.canvas = el("canvas", { role: "img" });
		this.extent = el("div", this.canvas);
		const events = {
			onscroll: () => this.later(),
			onkeydown: (event) => this.walk(event),
			onpointermove: (event) => page.point(...this.under(event)),
			onpointerleave: () => page.point(-1, -1),
			onclick: (event) => page.choose(...this.under(event)),
		};
		const kind = { role: "application", "aria-roledescription": "heatmap", tabindex: 0 };
		this.node = el("div.panel", { ...kind, ...events, "data-place": place }, this.extent);
	}

	draw(sheet, height, name) {
		const width = this.node.parentNode.clientWidth;
		const plan = planned(sheet, width, height, this.page.state.zoom);
		Object.assign(this, { sheet, plan });
		const size = (w, h) => ({ width: `${Math.floor(w)}px`, height: `${Math.floor(h)}px` });
		Object.assign(this.node.style, size(Math.min(width, plan.w), Math.min(height + 12, plan.h)));
		Object.assign(this.extent.style, size(plan.w, plan.h));
		const shape = `${many(sheet.rows.length, "query", "queries")} by ${many(sheet.columns.length, "key")}`;
		this.canvas.ariaLabel = `Heatmap of ${name}, ${shape}`;
		this.node.ariaLabel = `${name}: ${shape}. Arrow keys move the cursor.`;
		this.paint();
	}

	paint() {
		const { clientWidth: w, clientHeight: h, scrollLeft: x, scrollTop: y } = this.node;
		const { sheet, plan, page } = this;
		drawHeatmap(sized(this.canvas, w, h), sheet, plan, { x, y, w, h }, page.marks(sheet));
	}

	/** Paints before the next frame, once, however often it is asked. */
	later() {
		this.asked ??= requestAnimationFrame(() => {
			this.asked = null;
			this.paint();
		});
	}

	/** The row and column under the pointer, or −1. */
	under({ clientX, clientY }) {
		const { left, top, cell, rows, columns } = this.plan;
		const box = this.canvas.getBoundingClientRect();
		const [x, y] = [clientX - box.left - left, clientY - box.top - top];
		const row = Math.floor((y + this.node.scrollTop) / cell);
		const column = Math.floor((x + this.node.scrollLeft) / cell);
		const inside = x >= 0 && y >= 0 && row < rows.length && column < columns.length;
		return inside ? [row, column] : [-1, -1];
	}

	walk(event) {
		const { sheet, page, node, plan } = this;
		const step = STEPS[event.key];
		if (!step || modified(event) || !sheet.values.length) return;
		event.preventDefault();
		const { row, column } = page.chosen(sheet);
		const r = within(row + step[0], sheet.rows.length);
		const c = within(column + step[1], sheet.columns.length);
		page.choose(r, c);
		say(`${sheet.rows[r].label} → ${sheet.columns[c].label}: ${sheet.cell(r, c).said}`);
		const { left, top, cell } = plan; // the cell is scrolled into sight
		const near = (start, scrolled, room) => Math.min(start, Math.max(scrolled, start + cell - room));
		node.scrollLeft = near(c * cell, node.scrollLeft, node.clientWidth - left);
		node.scrollTop = near(r * cell, node.scrollTop, node.clientHeight - top);
	}
}
