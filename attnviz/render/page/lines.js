// Queries on the left, keys on the right, a line for each weight; heads in colours.

import { headColour } from "./colour.js";
import { button, el, roving, say, stop } from "./dom.js";

const MOST_LINES = 2000; // a browser draws more, but nobody can follow them
const LONG = 60; // tokens beyond which the lines of the chosen query stand out from the others
const CURVE = 360;

export class LinesView {
	constructor(host, page) {
		Object.assign(this, { host, page });
		roving(host, () => [1, this.sheet.rows.length]);
		const mark = ({ type, target }) => {
			const { place } = target.closest(".links [data-place]")?.dataset ?? {};
			this.marked = type.endsWith("out") ? null : place;
			const [side, at] = (place ?? "").split(" ");
			if (type === "focusin" && side === "query") say(this.sheet.looksAt(at));
			this.cursor();
		};
		for (const type of ["pointerover", "pointerout", "focusin", "focusout"]) {
			host.addEventListener(type, mark);
		}
	}

	draw(sheet) {
		const { attention, state } = this.page;
		const [layer] = this.page.placeIn(attention);
		const picked = attention.heads.filter((head) => state.heads.split(",").includes(`${head}`));
		const heads = picked.length ? picked : [state.head];
		this.sheet = sheet;
		this.layers = heads.map((head) => {
			const at = attention.heads.indexOf(head);
			return { colour: headColour(at), sheet: this.page.sheetOf(attention, [layer, at]) };
		});
		const n = Math.max(sheet.rows.length, sheet.columns.length);
		this.long = n > LONG;
		this.tall = this.long ? 18 : n > 14 ? 25 : 38;
		const { row, column } = this.page.chosen(sheet);
		const height = this.tall * n;
		const box = { viewBox: `0 0 ${CURVE} ${height}`, height, preserveAspectRatio: "none" };
		this.drawing = el("svg", { ...box, "aria-hidden": true });
		const links = el(
			"div.links",
			{ style: { "--tall": `${this.tall}px` } },
			this.side("query", sheet.rows, row, (at) => this.page.choose(at, column)),
			this.drawing,
			this.side("key", sheet.columns, -1, (at) => this.page.choose(row, at)),
		);
		this.note = el("p.said");
		this.host.replaceChildren(attention.heads.length > 1 ? this.chips(heads) : "", links, this.note);
		links.scrollTop = this.tall * (row - 4);
		this.cursor();
	}

	chips(heads) {
		const { attention, state } = this.page;
		const chip = (head, at) => {
			const on = heads.includes(head);
			const next = attention.heads.filter((other) => heads.includes(other) !== (other === head));
			const pick = () => next.length && state.set({ heads: next.join(), head: next[0] });
			const about = { "aria-pressed": on, style: { "--hue": headColour(at) } };
			return button(attention.head_names[at], pick, about);
		};
		return el("div.chips", attention.heads.map(chip));
	}

	side(side, tokens, current, choose) {
		const item = ({ label }, at) =>
			el("li", button(el("bdi", label), () => choose(at), stop(`${side} ${at}`, at === current)));
		return el(`ol.${side}`, { "aria-label": side, translate: "no" }, tokens.map(item));
	}

	/** The lines of a head: all that leave a trace on a screen, or all of the marked token. */
	links({ sheet, colour }, row) {
		const found = [];
		const { high } = sheet.scale;
		const faintest = this.marked ? 0 : 0.01;
		sheet.values.forEach((value, at) => {
			const share = Math.min(1, Math.abs(value) / high);
			if (!sheet.kept[at] || share <= faintest) return;
			const r = Math.floor(at / sheet.columns.length);
			const c = at - r * sheet.columns.length;
			if (this.marked && ![`query ${r}`, `key ${c}`].includes(this.marked)) return;
			found.push({ r, c, colour, share, below: value < 0, aside: this.long && !this.marked && r !== row });
		});
		return found;
	}

	path({ r, c, share, colour, below, aside }) {
		const [from, to] = [r, c].map((at) => (at + 0.5) * this.tall);
		const least = aside ? 0.02 : this.long || this.marked ? 0.4 : 0.08;
		return el("path", {
			d: `M0 ${from}C${CURVE / 2} ${from} ${CURVE / 2} ${to} ${CURVE} ${to}`,
			style: { stroke: colour },
			"stroke-width": (0.6 + 4.4 * share).toFixed(2),
			"stroke-opacity": (least + (aside ? 0.2 : 1 - least) * share).toFixed(3),
			"stroke-dasharray": below && "5 4",
		});
	}

	cursor() {
		const { row } = this.page.chosen(this.sheet);
		const marked = this.marked ?? `query ${row}`;
		for (const node of this.host.querySelectorAll("[data-place]")) {
			node.classList.toggle("marked", node.dataset.place === marked);
		}
		const found = this.layers.flatMap((layer) => this.links(layer, row));
		const drawn = found.sort((a, b) => b.aside - a.aside || a.share - b.share).slice(-MOST_LINES);
		this.drawing.replaceChildren(...drawn.map((link) => this.path(link)));
		const said = `Drawn: the ${MOST_LINES} strongest of ${found.length} lines.`;
		this.note.textContent = drawn.length < found.length ? said : "";
	}
}
