// The colors of many weights, by tables: a logarithm per weight would take most of the time.

/** @typedef {import("./color_scale.js").ColorScale} ColorScale */

const LEVELS = 256;
const BUCKETS = 1 << 16; // sign, exponent and seven bits of the mantissa of a float32

/** The levels of weights on a color scale, equal to `level` of the scale. */
export class LevelTable {
	/** @param {ColorScale} scale */
	constructor(scale) {
		/** The least weight of each level. */
		this.least = Float64Array.from({ length: LEVELS + 1 }, (_, level) => scale.valueAt((level - 0.5) / (LEVELS - 1)));
		this.least[0] = -Infinity;
		this.least[LEVELS] = Infinity;
		this.number = new Float32Array(1);
		this.bits = new Uint32Array(this.number.buffer);
		/** The level of one weight of each bucket. */
		this.levels = new Uint8Array(BUCKETS);
		for (let bucket = 0; bucket < BUCKETS; bucket++) {
			this.bits[0] = bucket << 16;
			this.levels[bucket] = scale.level(this.number[0]);
		}
	}

	/** The index of the color of a weight. @param {number} value */
	level(value) {
		const { least } = this;
		this.number[0] = value;
		let level = this.levels[this.bits[0] >>> 16];
		while (value >= least[level + 1]) level += 1;
		while (value < least[level]) level -= 1;
		return level;
	}
}

const MAX_TABLES = 8; // the scales of the maps in view, and of their pictures
/** @type {Map<string, LevelTable>} */
const tables = new Map();

/** The table of a scale; equal scales have the same. @param {ColorScale} scale */
export function levelTable(scale) {
	const key = [scale.low, scale.high, scale.curve, scale.centered].join();
	let table = tables.get(key);
	if (!table) {
		if (tables.size >= MAX_TABLES) tables.clear();
		table = new LevelTable(scale);
		tables.set(key, table);
	}
	return table;
}
