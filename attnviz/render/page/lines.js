// Queries on the left, keys on the right, a line for each weight; heads in colours.

import { headColour } from "./colour.js";
import { button, el, roving, say, stop } from "./dom.js";
import { many } from "./words.js";

const MOST_LINES = 2000; // a browser draws more, but nobody can follow them
const LONG = 60; // tokens beyond which the lines of the chosen query stand out from the others
const CURVE = 360;

export class LinesView {
	constructor(host, page) {
		Object.assign(this, { host, page });
		roving(host, () => [1, this.sheet.rows.length]);
		const mark = ({ type, target }) => {
			const place = target.closest(".links [data-place]")?.dataset.place;
			this.marked = /over|in/.test(type) ? place : undefined;
			if (type === "focusin" && place) say(this.said(...place.split(" ")));
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
		const [style, height] = [{ "--tall": `${this.tall}px` }, this.tall * n];
		const box = { viewBox: `0 0 ${CURVE} ${height}`, height, preserveAspectRatio: "none" };
		this.drawing = el("svg:svg", { ...box, "aria-hidden": true });
		const [left, right] = [this.side("query", sheet.rows), this.side("key", sheet.columns)];
		const links = el("div.links", { style }, left, this.drawing, right);
		this.left = el("p.said");
		this.host.replaceChildren(attention.heads.length > 1 ? this.chips(heads) : "", links, this.left);
		links.scrollTop = this.tall * (this.page.chosen(sheet).row - 4);
		this.cursor();
	}

	chips(heads) {
		const { attention, state } = this.page;
		const chip = (head, at) => {
			const on = heads.includes(head);
			const next = attention.heads.filter((other) => heads.includes(other) !== (other === head));
			const pick = () => next.length && state.set({ heads: next.join(), head: next[0] });
			const style = { "--hue": on ? headColour(at) : "transparent" };
			return button(attention.head_names[at], pick, { "aria-pressed": on, style });
		};
		return el("div.chips", attention.heads.map(chip));
	}

	side(side, tokens) {
		const item = ({ label }, at) => {
			const { row, column } = this.page.chosen(this.sheet);
			const choose = () => this.page.choose(...(side === "query" ? [at, column] : [row, at]));
			const about = stop(`${side} ${at}`, side === "query" && at === row);
			return el("li", button(el("bdi", label), choose, about));
		};
		return el(`ol.${side}`, { "aria-label": side, translate: "no" }, tokens.map(item));
	}

	said(side, at) {
		return side === "query" ? this.sheet.looksAt(at) : `key ${this.sheet.columns[at].label}`;
	}

	/** The strongest weights that are not sieved out, of all heads that are drawn. */
	links() {
		const found = [];
		const [side, place] = this.marked?.split(" ") ?? [];
		const { row } = this.page.chosen(this.sheet);
		for (const { sheet, colour } of this.layers) {
			const { high } = sheet.scale;
			const faintest = side ? 0 : high / 100; // less leaves no trace on a screen
			sheet.values.forEach((value, at) => {
				const r = Math.floor(at / sheet.columns.length);
				const c = at - r * sheet.columns.length;
				if (!sheet.kept[at] || Math.abs(value) <= faintest) return;
				if (side && Number(place) !== (side === "query" ? r : c)) return;
				const aside = this.long && !side && r !== row;
				found.push({ r, c, value, colour, aside, share: Math.min(1, Math.abs(value) / high) });
			});
		}
		const all = many(found.length, "line");
		this.left.textContent = found.length > MOST_LINES ? `Drawn: the ${MOST_LINES} strongest of ${all}.` : "";
		found.sort((a, b) => a.aside - b.aside || b.share - a.share);
		return found.slice(0, MOST_LINES).reverse(); // the strongest on top
	}

	cursor() {
		const path = ({ r, c, value, share, colour, aside }) => {
			const [from, to] = [r, c].map((at) => (at + 0.5) * this.tall);
			return el("svg:path", {
				d: `M0 ${from}C${CURVE / 2} ${from} ${CURVE / 2} ${to} ${CURVE} ${to}`,
				style: { stroke: colour },
				"stroke-width": (0.6 + 4.4 * share).toFixed(2),
				"stroke-opacity": ((0.08 + 0.87 * share) * (aside ? 0.25 : 1)).toFixed(3),
				"stroke-dasharray": value < 0 && "5 4",
			});
		};
		this.drawing.replaceChildren(...this.links().map(path));
		const marked = this.marked ?? `query ${this.page.chosen(this.sheet).row}`;
		for (const node of this.host.querySelectorAll("[data-place]")) {
			node.classList.toggle("marked", node.dataset.place === marked);
		}
	}
}
