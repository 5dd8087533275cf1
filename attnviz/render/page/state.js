// What is looked at, and how; kept in the address, so that a view can be shared.

const START = {
	view: "",
	map: 0,
	layer: 0, // layers and heads by their original numbers
	head: 0,
	heads: "", // of the lines; empty: the chosen head alone
	q: 0, // the chosen query and key, by their place among all tokens
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

/** What an address or a control says, as the kind of value its start is; else the start. */
function read(said, start) {
	if (typeof said === typeof start) return said;
	if (typeof start === "boolean") return said === "true";
	return said && Number(said) >= 0 && Number(said) < Infinity ? Number(said) : start;
}

export class State {
	constructor(start, tell) {
		Object.assign(this, { start: { ...START, ...start }, tell });
		this.readAddress();
		addEventListener("hashchange", () => {
			this.readAddress();
			tell(Object.keys(START));
		});
	}

	readAddress() {
		const said = new URLSearchParams(location.hash.slice(1));
		for (const [name, start] of Object.entries(this.start)) {
			this[name] = read(said.get(name) ?? start, start);
		}
	}

	set(changes) {
		const before = { ...this };
		for (const [name, said] of Object.entries(changes)) this[name] = read(said, this.start[name]);
		const changed = Object.keys(changes).filter((name) => this[name] !== before[name]);
		if (!changed.length) return;
		this.tell(changed);
		const said = Object.keys(START).filter((name) => this[name] !== this.start[name]);
		try {
			const address = new URLSearchParams(said.map((name) => [name, this[name]]));
			history.replaceState(null, "", `#${address}`);
		} catch {
			// A frame of a notebook has no address of its own.
		}
	}
}
