// The page as the views see it: what is shown, what is chosen, and how to ask for more.

import { Attention, island } from "./data.js";
import { Sheet } from "./sheet.js";
import { State } from "./state.js";

const NOWHERE = { row: -1, column: -1 };

export class Page {
	constructor(changed, moved) {
		Object.assign(this, { moved, pointed: NOWHERE, sheets: new Map() });
		this.maps = island.maps.map((record) => new Attention(record));
		this.state = new State(island.start, changed);
		this.settle();
	}

	/** Whatever an address may ask for, only what there is gets chosen. */
	settle() {
		const { state } = this;
		const among = (name, all) => all.includes(state[name]) || (state[name] = all[0] ?? 0);
		among("map", [...this.maps.keys()]);
		const { layers, heads, queries, keys, views } = this.attention;
		among("layer", layers);
		among("head", heads);
		among("palette", Object.keys(island.palettes));
		among("view", views);
		among("q", [...queries.keys()]);
		among("k", [...keys.keys()]);
		state.top = Math.floor(state.top);
	}

	get attention() {
		return this.maps[this.state.map];
	}

	get drawn() {
		return this.state.view === "compare" ? this.maps : [this.attention];
	}

	get headName() {
		const [, head] = this.placeIn(this.attention);
		return `layer ${this.state.layer}, ${this.attention.head_names[head]}`;
	}

	/** The sheet of a head whose layer has been unpacked; without a place, of the chosen head. */
	sheetOf(attention, place = this.placeIn(attention)) {
		const name = [this.maps.indexOf(attention), place].join();
		if (!this.sheets.has(name)) {
			if (this.sheets.size > 15) this.sheets.delete(this.sheets.keys().next().value);
			this.sheets.set(name, new Sheet(attention, ...place, this.state));
		}
		return this.sheets.get(name);
	}

	/** Where the chosen layer and head are in a map, from 0; the last place where it has fewer. */
	placeIn({ layers, heads }) {
		const place = (all, number) => (all.includes(number) ? all.indexOf(number) : all.length - 1);
		return [place(layers, this.state.layer), place(heads, this.state.head)];
	}

	/** Row and column of the chosen query and key; the first where they are left out. */
	chosen({ values, rowOf, columnOf }) {
		if (!values.length) return NOWHERE;
		const place = (places, at) => Math.max(0, places[at] ?? 0);
		return { row: place(rowOf, this.state.q), column: place(columnOf, this.state.k) };
	}

	/** Row and column under the pointer, else the chosen ones. */
	marks(sheet) {
		const { row, column } = this.pointed;
		return sheet.rows[row] && sheet.columns[column] ? this.pointed : this.chosen(sheet);
	}

	point(row, column) {
		if (row === this.pointed.row && column === this.pointed.column) return;
		this.pointed = { row, column };
		this.moved(true);
	}

	choose(row, column) {
		if (!this.ready) return;
		const { rows, columns } = this.sheetOf(this.attention);
		const [query, key] = [rows[row], columns[column]];
		if (query && key) this.state.set({ q: query.members[0], k: key.members[0] });
	}
}
