// @ts-nocheck
// Lines view: one line per weight, from queries (left) to keys (right), one color per head.

import { headColor } from "./color.js";
import { announce, button, el, focusStop, rovingFocus } from "./dom.js";

const MAX_LINES = 2000; // more are not legible
const LONG = 60; // tokens beyond which only the selected query stands out
const CURVE = 360;

export class LinesView {
	constructor(host, page) {
		Object.assign(this, { host, page });
		rovingFocus(host, () => [1, this.matrix.rows.length]);
		const mark = ({ type, target }) => {
			const { stop } = target.closest(".links [data-stop]")?.dataset ?? {};
			this.marked = type.endsWith("out") ? null : stop;
			const [side, i] = (stop ?? "").split(" ");
			if (type === "focusin" && side === "query") announce(this.matrix.describeRow(i));
			this.drawCursor();
		};
		for (const type of ["pointerover", "pointerout", "focusin", "focusout"]) {
			host.addEventListener(type, mark);
		}
	}

	draw(matrix) {
		const { attention, state } = this.page;
		const [layer] = this.page.indicesIn(attention);
		const listed = attention.heads.filter((head) => state.heads.split(",").includes(`${head}`));
		const heads = listed.length ? listed : [state.head];
		this.matrix = matrix;
		this.layers = heads.map((head) => {
			const i = attention.heads.indexOf(head);
			return { color: headColor(i), matrix: this.page.matrixOf(attention, [layer, i]) };
		});
		const n = Math.max(matrix.rows.length, matrix.columns.length);
		this.long = n > LONG;
		this.tall = this.long ? 18 : n > 14 ? 25 : 38;
		const { row } = this.page.selection(matrix);
		const height = this.tall * n;
		const box = { viewBox: `0 0 ${CURVE} ${height}`, height, preserveAspectRatio: "none" };
		this.svg = el("svg", { ...box, "aria-hidden": true });
		const links = el(
			"div.links",
			{ style: { "--tall": `${this.tall}px` } },
			this.side("query", "q", matrix.rows, row),
			this.svg,
			this.side("key", "k", matrix.columns, -1),
		);
		this.note = el("p.muted");
		this.host.replaceChildren(attention.heads.length > 1 ? this.chips(heads) : "", links, this.note);
		links.scrollTop = this.tall * (row - 4);
		this.drawCursor();
	}

	chips(heads) {
		const { attention, state } = this.page;
		const chip = (head, i) => {
			const on = heads.includes(head);
			const next = attention.heads.filter((other) => heads.includes(other) !== (other === head));
			const toggle = () => next.length && state.set({ heads: next.join(), head: next[0] });
			const props = { "aria-pressed": on, style: { "--hue": headColor(i) } };
			return button(attention.head_names[i], toggle, props);
		};
		return el("div.chips", attention.heads.map(chip));
	}

	side(side, name, tokens, current) {
		const select = (token) => () => this.page.state.set({ [name]: token });
		const item = ({ label, members }, i) =>
			el("li", button(el("bdi", label), select(members[0]), focusStop(`${side} ${i}`, i === current)));
		return el(`ol.${side}`, { "aria-label": side, translate: "no" }, tokens.map(item));
	}

	/** The visible lines of a head, or all of the marked token. */
	links({ matrix, color }, row) {
		const links = [];
		const faintest = this.marked ? 0 : 0.01;
		matrix.values.forEach((value, i) => {
			const share = Math.min(1, Math.abs(value) / matrix.scale.high);
			if (!matrix.isDrawn[i] || share <= faintest) return;
			const r = Math.floor(i / matrix.columns.length);
			const c = i - r * matrix.columns.length;
			if (this.marked && ![`query ${r}`, `key ${c}`].includes(this.marked)) return;
			links.push({ r, c, color, share, negative: value < 0, faint: this.long && !this.marked && r !== row });
		});
		return links;
	}

	path({ r, c, share, color, negative, faint }) {
		const [from, to] = [r, c].map((i) => (i + 0.5) * this.tall);
		const least = faint ? 0.02 : this.long || this.marked ? 0.4 : 0.08;
		return el("path", {
			d: `M0 ${from}C${CURVE / 2} ${from} ${CURVE / 2} ${to} ${CURVE} ${to}`,
			style: { stroke: color },
			"stroke-width": (0.6 + 4.4 * share).toFixed(2),
			"stroke-opacity": (least + (faint ? 0.2 : 1 - least) * share).toFixed(3),
			"stroke-dasharray": negative && "5 4",
		});
	}

	drawCursor() {
		const { row } = this.page.selection(this.matrix);
		const marked = this.marked ?? `query ${row}`;
		for (const node of this.host.querySelectorAll("[data-stop]")) {
			node.classList.toggle("marked", node.dataset.stop === marked);
		}
		const links = this.layers.flatMap((layer) => this.links(layer, row));
		const drawn = links.sort((a, b) => b.faint - a.faint || a.share - b.share).slice(-MAX_LINES);
		this.svg.replaceChildren(...drawn.map((link) => this.path(link)));
		const note = `Showing the top ${MAX_LINES} of ${links.length} links.`;
		this.note.textContent = drawn.length < links.length ? note : "";
	}
}
