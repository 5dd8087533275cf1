// All heads at once: layers from top to bottom, heads from left to right.

import { button, el, roving, stop } from "./dom.js";
import { drawHeatmap } from "./heatmap.js";
import { planned } from "./plan.js";
import { hatched, raster, sized } from "./raster.js";

const FEW = 14; // tokens up to which the heads of a single layer carry labels
const SMALL = 1 << 24; // weights that may all be unpacked without being asked for

const placeOf = (thumb) => thumb.dataset.place.split(" ").map(Number);

export class OverviewView {
	constructor(host, page) {
		Object.assign(this, { host, page });
		roving(host, () => [this.across, 1]);
	}

	draw() {
		const { queries, keys, layers, heads, head_names: names } = this.page.attention;
		const [single, room] = [layers.length === 1, this.host.clientWidth];
		this.few = single && Math.max(queries.length, keys.length) <= FEW;
		const most = single ? Math.max(1, Math.floor(room / 262)) : heads.length;
		this.across = Math.ceil(heads.length / Math.ceil(heads.length / most));
		this.size = Math.floor(Math.max(18, Math.min(single ? 340 : 132, (room - 40) / this.across - 8)));
		const style = { "--columns": this.across + !single, "--size": `${this.size}px` };
		const numbers = names.map((name) => el("span.column", name.replace(/^head /, "")));
		const line = (layer, l) => [
			!single && el("span.line", layer),
			...heads.map((head, h) => this.thumb(layer, head, `${l} ${h}`, names[h], single)),
		];
		const parts = [!single && [el("span"), numbers], layers.map(line)];
		this.host.replaceChildren(el("div.heads", { role: "group", "aria-label": "Heads", style }, ...parts));
		const thumbs = [...this.host.querySelectorAll(".thumb")];
		if (this.page.printing) thumbs.forEach((thumb) => this.picture(thumb)); // paper does not wait
		else this.watch(thumbs);
	}

	thumb(layer, head, place, name, named) {
		const { state } = this.page;
		const chosen = layer === state.layer && head === state.head;
		const about = { class: "thumb", "aria-label": `layer ${layer}, ${name}`, "aria-current": chosen };
		const open = () => state.set({ layer, head, view: "matrix" });
		return button([el("canvas"), named && name], open, { ...about, ...stop(place, chosen) });
	}

	/** Draws heads when they come near to sight, unpacking layers no earlier; or all, if small. */
	watch(thumbs) {
		const small = this.page.attention.weights.shape.reduce((a, b) => a * b) <= SMALL;
		let before = Promise.resolve();
		const near = (entries, watcher) => {
			for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
				watcher.unobserve(target);
				before = before.then(() => this.fill(target));
			}
		};
		const watcher = new IntersectionObserver(near, { rootMargin: small ? "99999px" : "100%" });
		for (const thumb of thumbs) watcher.observe(thumb);
	}

	/** One head after the other, with a breath between: the page stays awake. */
	async fill(thumb) {
		if (!thumb.isConnected) return; // drawn anew meanwhile
		await this.page.attention.load(placeOf(thumb)[0]);
		this.picture(thumb);
		await new Promise((resolve) => setTimeout(resolve));
	}

	picture(thumb) {
		const { attention } = this.page;
		const place = placeOf(thumb);
		if (!attention.weights.ready[place[0]]) return;
		thumb.classList.add("drawn");
		const [canvas, size] = [thumb.firstChild, this.size];
		const sheet = this.page.sheetOf(attention, place);
		if (this.few) {
			const plan = planned(sheet, size, size);
			const pen = sized(canvas, plan.w, plan.h);
			drawHeatmap(pen, sheet, plan, { ...plan, x: 0, y: 0 }, { row: -1, column: -1 });
			return;
		}
		const unit = size / Math.max(sheet.rows.length, sheet.columns.length, 1);
		const [w, h] = [sheet.columns, sheet.rows].map(({ length }) => Math.max(4, unit * length));
		const pen = sized(canvas, w, h);
		hatched(pen, 0, 0, w, h);
		pen.drawImage(raster(sheet, canvas.width, canvas.height), 0, 0, w, h);
	}
}
