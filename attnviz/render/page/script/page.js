// @ts-nocheck
// Page: maps, state, and the selected or hovered cell.

import { AttentionMap, pageData } from "./data.js";
import { HeadMatrix } from "./head_matrix.js";
import { State } from "./state.js";

const NO_CELL = { row: -1, column: -1 };

export class Page {
	constructor(onStateChange, onCursorMove) {
		Object.assign(this, { onCursorMove, hoverCell: NO_CELL, matrices: new Map() });
		this.maps = pageData.maps.map((record) => new AttentionMap(record));
		this.state = new State(pageData.start, onStateChange);
		this.validateState();
	}

	/** Replaces values that the map does not have. */
	validateState() {
		const { state } = this;
		const restrict = (name, all) => all.includes(state[name]) || (state[name] = all[0] ?? 0);
		restrict("map", [...this.maps.keys()]);
		const { layers, heads, queries, keys, views } = this.attention;
		restrict("layer", layers);
		restrict("head", heads);
		restrict("palette", Object.keys(pageData.palettes));
		restrict("view", views);
		restrict("q", [...queries.keys()]);
		restrict("k", [...keys.keys()]);
		state.top = Math.floor(state.top);
	}

	get attention() {
		return this.maps[this.state.map];
	}

	get visibleMaps() {
		return this.state.view === "compare" ? this.maps : [this.attention];
	}

	get headName() {
		const { lists, head_names: names } = this.attention;
		const [layer, head] = this.indicesIn(this.attention);
		return `${lists.layer[layer][1]}, ${names[head]}`;
	}

	/** The matrix of a head with its layer loaded; by default the selected head. */
	matrixOf(attention, indices = this.indicesIn(attention)) {
		const name = [this.maps.indexOf(attention), indices].join();
		if (!this.matrices.has(name)) {
			if (this.matrices.size > 15) this.matrices.delete(this.matrices.keys().next().value);
			this.matrices.set(name, new HeadMatrix(attention, ...indices, this.state));
		}
		return this.matrices.get(name);
	}

	/** Indices of the selected layer and head; the last where a map has fewer. */
	indicesIn({ layers, heads }) {
		const index = (all, number) => (all.includes(number) ? all.indexOf(number) : all.length - 1);
		return [index(layers, this.state.layer), index(heads, this.state.head)];
	}

	/** Row and column of the selected query and key; the first where omitted. */
	selection({ values, rowOf, columnOf }) {
		if (!values.length) return NO_CELL;
		const index = (indices, token) => Math.max(0, indices[token] ?? 0);
		return { row: index(rowOf, this.state.q), column: index(columnOf, this.state.k) };
	}

	/** The hovered cell, else the selected one. */
	markedCell(matrix) {
		const { row, column } = this.hoverCell;
		return matrix.rows[row] && matrix.columns[column] ? this.hoverCell : this.selection(matrix);
	}

	hover(row, column) {
		if (row === this.hoverCell.row && column === this.hoverCell.column) return;
		this.hoverCell = { row, column };
		this.onCursorMove(true);
	}

	select(row, column) {
		if (!this.ready) return;
		const { rows, columns } = this.matrixOf(this.attention);
		const [query, key] = [rows[row], columns[column]];
		if (query && key) this.state.set({ q: query.members[0], k: key.members[0] });
	}
}
