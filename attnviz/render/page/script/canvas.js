// Canvases in CSS pixels.

/**
 * Resizes a canvas and returns its cleared context.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 */
export function canvasContext(canvas, width, height) {
	const ratio = Math.max(1, devicePixelRatio);
	const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
	if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
	Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
	const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
	ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
	ctx.clearRect(0, 0, width, height);
	ctx.imageSmoothingEnabled = false;
	return ctx;
}

const FONT = "600 13px system-ui, sans-serif"; // marked labels are bold
const ruler = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));

/** Widths by font and text: all heads of a map have the same labels. @type {Map<string, number>} */
const widths = new Map();
const MAX_WIDTHS = 20_000;

/** The width of a text in the font of labels. @param {string} text @param {string} [font] */
export function measureText(text, font = FONT) {
	const key = `${font} ${text}`;
	const known = widths.get(key);
	if (known !== undefined) return known;
	if (widths.size >= MAX_WIDTHS) widths.clear();
	ruler.font = font;
	const { width } = ruler.measureText(text);
	widths.set(key, width);
	return width;
}
