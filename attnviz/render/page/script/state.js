// @ts-nocheck
// State, mirrored in the address, so that a view can be shared.

const DEFAULTS = {
	view: "",
	map: 0,
	layer: 0, // layers and heads by their original numbers
	head: 0,
	heads: "", // of the lines view; empty: the selected head
	q: 0, // the selected query and key, by token index
	k: 0,
	threshold: 0,
	top: 0, // 0: all
	palette: "",
	scale: "map",
	special: true,
	renormalise: false,
	words: false,
	qs: "", // segments; empty: all
	ks: "",
	zoom: 1,
	table: false,
};

/** A value as the type of its default; the default if invalid. */
function parse(value, initial) {
	if (typeof value === typeof initial) return value;
	if (typeof initial === "boolean") return value === "true";
	return value && Number(value) >= 0 && Number(value) < Infinity ? Number(value) : initial;
}

export class State {
	constructor(start, onChange) {
		Object.assign(this, { start: { ...DEFAULTS, ...start }, onChange });
		this.readAddress();
		addEventListener("hashchange", () => {
			this.readAddress();
			onChange(Object.keys(DEFAULTS));
		});
	}

	readAddress() {
		const values = new URLSearchParams(location.hash.slice(1));
		for (const [name, initial] of Object.entries(this.start)) {
			this[name] = parse(values.get(name) ?? initial, initial);
		}
	}

	set(changes) {
		const before = { ...this };
		for (const [name, value] of Object.entries(changes)) this[name] = parse(value, this.start[name]);
		const changed = Object.keys(changes).filter((name) => this[name] !== before[name]);
		if (!changed.length) return;
		this.onChange(changed);
		const names = Object.keys(DEFAULTS).filter((name) => this[name] !== this.start[name]);
		try {
			const address = new URLSearchParams(names.map((name) => [name, this[name]]));
			history.replaceState(null, "", `#${address}`);
		} catch {
			// A notebook frame has no address of its own.
		}
	}
}
