// The sentence, coloured by what one query looks at; a click chooses the query.

import { button, el, roving, say, stop } from "./dom.js";
import { number } from "./words.js";

const NUMBERED_TOKENS = 60; // up to so many, each carries its number

export class TextView {
	constructor(host, page) {
		Object.assign(this, { host, page });
		roving(host);
	}

	draw(sheet) {
		const { rows, columns } = sheet;
		const { row, column } = this.page.chosen(sheet);
		const same = `${rows.map((t) => t.label)}` === `${columns.map((t) => t.label)}`;
		const choose = (at) => {
			this.page.choose(at, column);
			say(sheet.looksAt(at));
		};
		const query = (about, parts, at) => {
			const more = { "aria-pressed": at === row, ...stop(`token ${at}`, at === row) };
			return button(parts, () => choose(at), { ...about, ...more });
		};
		const plain = ({ label }, at) => query({ class: "token" }, el("bdi", label), at);
		const coloured = ({ label }, at) => {
			const { value, drawn, hidden, said } = sheet.cell(row, at);
			const about = {
				class: hidden ? "token hidden" : "token",
				style: drawn ? { background: sheet.scale.css(value), color: sheet.scale.ink(value) } : {},
				"aria-label": `${label}, ${said}`,
			};
			const small = columns.length <= NUMBERED_TOKENS && el("small", hidden ? "·" : number(value, 3));
			const parts = [el("bdi", label), small];
			return same ? query(about, parts, at) : el("span", about, parts);
		};
		const sentence = (tokens) => el("div.sentence", { dir: "auto", translate: "no" }, tokens);
		this.host.replaceChildren(
			same ? "" : sentence(rows.map(plain)),
			el("p.said", "Colour: what ", el("bdi.query", rows[row]?.label), " looks at."),
			sentence(columns.map(coloured)),
		);
	}
}
