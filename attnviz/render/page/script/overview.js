// @ts-nocheck
// Overview: thumbnails of all heads. Rows: layers. Columns: heads.

import { button, el, focusStop, rovingFocus } from "./dom.js";
import { drawHeatmap } from "./heatmap.js";
import { layoutHeatmap } from "./layout.js";
import { fillHatch, rasterize, resizeCanvas } from "./raster.js";

const FEW = 14; // tokens up to which the heads of a single layer carry labels
const SMALL = 1 << 24; // weights up to which all layers are loaded

const indicesOf = (thumb) => thumb.dataset.stop.split(" ").map(Number);

export class OverviewView {
	constructor(host, page) {
		Object.assign(this, { host, page });
		rovingFocus(host, () => [this.across, 1]);
	}

	draw() {
		const { queries, keys, layers, heads, head_names: names } = this.page.attention;
		const [single, width] = [layers.length === 1, this.host.clientWidth];
		this.few = single && Math.max(queries.length, keys.length) <= FEW;
		const most = single ? Math.max(1, Math.floor(width / 262)) : heads.length;
		this.across = Math.ceil(heads.length / Math.ceil(heads.length / most));
		this.size = Math.floor(Math.max(18, Math.min(single ? 340 : 132, (width - 40) / this.across - 8)));
		const style = { "--columns": this.across + !single, "--size": `${this.size}px` };
		const numbers = names.map((name) => el("span.column-label", name.replace(/^head /, "")));
		const row = (layer, l) => [
			!single && el("span.row-label", layer),
			...heads.map((head, h) => this.thumb([layer, l], head, `${l} ${h}`, names[h], single)),
		];
		const parts = [!single && [el("span"), numbers], layers.map(row)];
		this.host.replaceChildren(el("div.heads", { role: "group", "aria-label": "Heads", style }, ...parts));
		const thumbs = [...this.host.querySelectorAll(".thumb")];
		if (this.page.printing) thumbs.forEach((thumb) => this.drawThumb(thumb)); // print does not wait
		else this.observe(thumbs);
	}

	thumb([layer, l], head, stop, name, labeled) {
		const { state } = this.page;
		const current = layer === state.layer && head === state.head;
		const props = { class: "thumb", "aria-label": `${this.page.attention.lists.layer[l][1]}, ${name}`, "aria-current": current };
		const open = () => state.set({ layer, head, view: "matrix" });
		return button([el("canvas"), labeled && name], open, { ...props, ...focusStop(stop, current) });
	}

	/** Loads and draws heads near the viewport; all of a small map. */
	observe(thumbs) {
		const small = this.page.attention.weights.shape.reduce((a, b) => a * b) <= SMALL;
		let queue = Promise.resolve();
		const onIntersect = (entries, observer) => {
			for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
				observer.unobserve(target);
				queue = queue.then(() => this.loadThumb(target));
			}
		};
		const observer = new IntersectionObserver(onIntersect, { rootMargin: small ? "99999px" : "100%" });
		for (const thumb of thumbs) observer.observe(thumb);
	}

	/** One head per task keeps the page responsive. */
	async loadThumb(thumb) {
		if (!thumb.isConnected) return; // redrawn meanwhile
		await this.page.attention.load(indicesOf(thumb)[0]);
		this.drawThumb(thumb);
		await new Promise((resolve) => setTimeout(resolve));
	}

	drawThumb(thumb) {
		const { attention } = this.page;
		const indices = indicesOf(thumb);
		if (!attention.weights.blocks[indices[0]]) return;
		thumb.classList.add("drawn");
		const [canvas, size] = [thumb.firstChild, this.size];
		const matrix = this.page.matrixOf(attention, indices);
		if (this.few) {
			const layout = layoutHeatmap(matrix, size, size);
			const ctx = resizeCanvas(canvas, layout.w, layout.h);
			drawHeatmap(ctx, matrix, layout, { ...layout, x: 0, y: 0 }, { row: -1, column: -1 });
			return;
		}
		const unit = size / Math.max(matrix.rows.length, matrix.columns.length, 1);
		const [w, h] = [matrix.columns, matrix.rows].map(({ length }) => Math.max(4, unit * length));
		const ctx = resizeCanvas(canvas, w, h);
		fillHatch(ctx, 0, 0, w, h);
		ctx.drawImage(rasterize(matrix, canvas.width, canvas.height), 0, 0, w, h);
	}
}
