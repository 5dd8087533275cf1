// Every query, every key, every weight: of one head, or of the same head in several maps, which
// then stand side by side under one cursor.

import { byId, el, keyed } from "./dom.js";
import { Panel } from "./panel.js";

const FURTHEST = 40; // times the size at which the whole head fits
const FACTORS = { "-": 1 / 1.5, "+": 1.5, "=": 1.5, 0: 0 };

export class MatrixView {
	constructor(host, page) {
		this.page = page;
		this.several = page.drawn.length > 1;
		this.panels = page.drawn.map((_, at) => new Panel(page, `map ${at}`));
		this.titles = this.panels.map(() => el("h2"));
		const frame = ({ node }, at) => el("div.frame", this.several && this.titles[at], node);
		host.append(el("div.frames", this.panels.map(frame)));
		keyed(host, FACTORS, (factor) => this.zoom(factor));
		byId("tools").onclick = ({ target }) => this.zoom(FACTORS[target.dataset.key] ?? 1);
	}

	draw() {
		const { page, several } = this;
		const height = Math.max(320, Math.min(1000, (several ? 0.62 : 0.78) * innerHeight));
		page.drawn.forEach((map, at) => {
			this.panels[at].draw(page.sheetOf(map), height, several ? map.name : page.headName);
		});
		this.cursor();
	}

	cursor() {
		const { page } = this;
		page.drawn.forEach(({ name }, at) => {
			const { sheet } = this.panels[at];
			const { row, column } = page.marks(sheet);
			this.titles[at].replaceChildren(name, el("b", row < 0 ? "" : sheet.cell(row, column).said));
			this.panels[at].paint();
		});
	}

	zoom(factor) {
		const zoom = Math.min(FURTHEST, Math.max(1, this.page.state.zoom * factor));
		this.page.state.set({ zoom: Math.round(100 * zoom) / 100 });
	}
}
