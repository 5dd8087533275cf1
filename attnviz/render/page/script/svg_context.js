// The calls of a canvas that the painters use, as SVG: a view is saved as vectors by painting it.

/** @typedef {[string, string | number][]} Attributes */

/** @type {Record<string, string>} */
const ESCAPES = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" };

/** Characters that XML cannot hold, even escaped. */
const INVALID = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const ANCHORS = { center: "middle", right: "end", end: "end", left: "start", start: "start" };

const CHARACTER = 7.5; // approximate width of one in the font of numbers

/** Text as it can stand in XML. @param {string} text */
export const escapeXml = (text) =>
	text.toWellFormed().replace(INVALID, "\ufffd").replace(/[<>&"]/g, (character) => ESCAPES[character]);

/** A coordinate with at most two decimals. @param {number} value */
const short = (value) => `${Math.round(100 * value) / 100}`;

export class SvgContext {
	fillStyle = "#000";
	strokeStyle = "#000";
	lineWidth = 1;
	font = "13px sans-serif";
	/** @type {CanvasTextAlign} */
	textAlign = "left";
	/** @type {CanvasTextBaseline} */
	textBaseline = "alphabetic";
	globalAlpha = 1;
	imageSmoothingEnabled = false;

	/** @param {number} width @param {number} height @param {string} namespace of SVG */
	constructor(width, height, namespace) {
		this.size = { width, height };
		this.namespace = namespace;
		/** @type {string[]} */
		this.markup = [];
		/** @type {number[]} groups opened since each `save` */
		this.open = [];
		/** @type {object[]} */
		this.saved = [];
		this.path = "";
		this.dash = "";
		this.ids = 0;
	}

	toString() {
		const { width, height } = this.size;
		const [w, h] = [width, height].map(short);
		const box = `width="${w}" height="${h}" viewBox="0 0 ${w} ${h}"`;
		return `<svg xmlns="${this.namespace}" ${box}>\n${this.markup.join("\n")}\n</svg>\n`;
	}

	/** @param {string} tag @param {Attributes} attributes @param {string} [content] */
	add(tag, attributes, content) {
		const text = (/** @type {string | number} */ value) =>
			typeof value === "number" ? short(value) : escapeXml(value);
		const list = attributes.map(([name, value]) => ` ${name}="${text(value)}"`).join("");
		this.markup.push(`<${tag}${list}${content === undefined ? "/" : `>${content}</${tag}`}>`);
	}

	/** @param {string} attribute */
	openGroup(attribute) {
		this.markup.push(`<g ${attribute}>`);
		if (this.open.length) this.open[this.open.length - 1] += 1;
	}

	save() {
		const { fillStyle, strokeStyle, lineWidth, globalAlpha, dash } = this;
		const { font, textAlign, textBaseline } = this;
		const style = { fillStyle, strokeStyle, lineWidth, globalAlpha, dash };
		this.saved.push({ ...style, font, textAlign, textBaseline });
		this.open.push(0);
	}

	restore() {
		for (let groups = this.open.pop() ?? 0; groups > 0; groups--) this.markup.push("</g>");
		Object.assign(this, this.saved.pop());
	}

	/** @param {number} x @param {number} y */
	translate(x, y) {
		this.openGroup(`transform="translate(${short(x)} ${short(y)})"`);
	}

	/** @param {number} angle in radians */
	rotate(angle) {
		this.openGroup(`transform="rotate(${short((180 * angle) / Math.PI)})"`);
	}

	beginPath() {
		this.path = "";
	}

	/** @param {number} x @param {number} y @param {number} w @param {number} h */
	rect(x, y, w, h) {
		this.path += `M${short(x)} ${short(y)}h${short(w)}v${short(h)}h${short(-w)}z`;
	}

	/** @param {number} x @param {number} y */
	moveTo(x, y) {
		this.path += `M${short(x)} ${short(y)}`;
	}

	/** @param {number[]} points */
	bezierCurveTo(...points) {
		this.path += `C${points.map(short).join(" ")}`;
	}

	clip() {
		const id = `clip${this.ids++}`;
		this.markup.push(`<clipPath id="${id}"><path d="${this.path}"/></clipPath>`);
		this.openGroup(`clip-path="url(#${id})"`);
	}

	stroke() {
		const dash = this.dash ? /** @type {Attributes} */ ([["stroke-dasharray", this.dash]]) : [];
		this.add("path", [["d", this.path], ["fill", "none"], ...this.strokeAttributes(), ...dash]);
	}

	/** @returns {Attributes} */
	strokeAttributes() {
		return [["stroke", this.strokeStyle], ["stroke-width", this.lineWidth], ...this.alpha("stroke")];
	}

	/** @returns {Attributes} */
	fillAttributes() {
		return [["fill", this.fillStyle], ...this.alpha("fill")];
	}

	/** @param {"fill" | "stroke"} of @returns {Attributes} */
	alpha(of) {
		return this.globalAlpha < 1 ? [[`${of}-opacity`, this.globalAlpha.toFixed(4)]] : [];
	}

	/** @param {number[]} segments */
	setLineDash(segments) {
		this.dash = segments.join(" ");
	}

	clearRect() {} // an image begins empty

	/** @param {number} x @param {number} y @param {number} w @param {number} h */
	fillRect(x, y, w, h) {
		if (w > 0 && h > 0) this.add("rect", [...boxOf(x, y, w, h), ...this.fillAttributes()]);
	}

	/** @param {number} x @param {number} y @param {number} w @param {number} h */
	strokeRect(x, y, w, h) {
		this.add("rect", [...boxOf(x, y, w, h), ["fill", "none"], ...this.strokeAttributes()]);
	}

	/**
	 * Diagonal lines.
	 * @param {number} x @param {number} y @param {number} w @param {number} h
	 * @param {number} step @param {string} color
	 */
	fillHatch(x, y, w, h, step, color) {
		const id = `hatch${this.ids++}`;
		const line = `<path d="M0 ${step}L${step} 0" stroke="${escapeXml(color)}" fill="none"/>`;
		const pattern = `<pattern id="${id}" width="${step}" height="${step}" patternUnits="userSpaceOnUse">`;
		this.markup.push(`${pattern}${line}</pattern>`);
		this.add("rect", [...boxOf(x, y, w, h), ["fill", `url(#${id})`]]);
	}

	/**
	 * @param {string} text @param {number} x @param {number} y
	 * @param {number} [most] its largest width
	 */
	fillText(text, x, y, most) {
		/** @type {Attributes} */
		const attributes = [["x", x], ["y", y], ["text-anchor", ANCHORS[this.textAlign]]];
		attributes.push(["dominant-baseline", this.textBaseline === "middle" ? "central" : "auto"]);
		attributes.push(["style", `font:${this.font}`], ...this.fillAttributes());
		if (most && text.length * CHARACTER > most) {
			attributes.push(["textLength", most], ["lengthAdjust", "spacingAndGlyphs"]);
		}
		this.add("text", attributes, escapeXml(text));
	}
}

/** @param {number} x @param {number} y @param {number} width @param {number} height @returns {Attributes} */
const boxOf = (x, y, width, height) => [["x", x], ["y", y], ["width", width], ["height", height]];
