// @ts-nocheck
// Matrix and compare view: heatmaps of one head, in one or several maps.

import { byId, el, onKeys } from "./dom.js";
import { HeatmapPanel } from "./heatmap_panel.js";

const MAX_ZOOM = 40; // relative to fitting the whole head
const FACTORS = { "-": 1 / 1.5, "+": 1.5, "=": 1.5, 0: 0 };

export class MatrixView {
	constructor(host, page) {
		this.page = page;
		this.several = page.visibleMaps.length > 1;
		this.panels = page.visibleMaps.map((_, i) => new HeatmapPanel(page, `map ${i}`));
		this.titles = this.panels.map(() => el("h2"));
		const frame = ({ node }, i) => el("div.frame", this.several && this.titles[i], node);
		host.append(el("div.frames", this.panels.map(frame)));
		onKeys(host, FACTORS, (factor) => this.zoom(factor));
		byId("tools").onclick = ({ target }) => this.zoom(FACTORS[target.dataset.key] ?? 1);
	}

	draw() {
		const { page, several } = this;
		const height = Math.max(320, Math.min(1000, (several ? 0.62 : 0.78) * innerHeight));
		page.visibleMaps.forEach((map, i) => {
			this.panels[i].draw(page.matrixOf(map), height, several ? map.name : page.headName);
		});
		this.drawCursor();
	}

	drawCursor() {
		const { page } = this;
		page.visibleMaps.forEach(({ name }, i) => {
			const { matrix } = this.panels[i];
			const { row, column } = page.markedCell(matrix);
			this.titles[i].replaceChildren(name, el("b", row < 0 ? "" : matrix.cell(row, column).text));
			this.panels[i].paint();
		});
	}

	zoom(factor) {
		const zoom = Math.min(MAX_ZOOM, Math.max(1, this.page.state.zoom * factor));
		this.page.state.set({ zoom: Math.round(100 * zoom) / 100 });
	}
}
