// The color scale of a matrix: one scale for all heads, or one per head.

import { chooseCurve, reversesOnGround } from "./color_choice.js";
import { ColorScale, limitSentence, percentileLimit, requestSentence } from "./color_scale.js";
import { maxAbs } from "./number_text.js";
import { pageData, precision } from "./page_data.js";
import { settings } from "./settings.js";
import { isLight } from "./theme.js";

/** @typedef {import("./page_data.js").PageMap} PageMap */
/**
 * @typedef {object} ScaledCells
 * @property {{length: number}} rows
 * @property {{length: number}} columns
 * @property {Float64Array} values
 * @property {Uint8Array} masked
 * @property {boolean} altered whether a weight may exceed those of the map
 * @property {boolean} [signed] whether weights are signed, where the map's are not: a difference
 */

/** The selected palette, or the default of a map that it does not suit, as of a difference. */
function suitedPalette(/** @type {string} */ selected, /** @type {boolean} */ signed) {
	const { defaults, diverging } = pageData;
	if (diverging.includes(selected) === signed) return selected;
	return (signed ? defaults.signed : defaults.plain) ?? selected;
}

/** Whether all heads share one scale. @param {boolean} altered @param {PageMap} map */
const isShared = (altered, map) =>
	settings.value.scale !== "head" && settings.value.limit >= 100 && !(altered && map.row_sum === "any");

/** @typedef {{scale: ColorScale, shared: boolean, sentences: (string | null)[]}} StatedScale */

/** The last scale of each matrix, with the settings that it was made for. @type {WeakMap<object, {key: string, made: StatedScale}>} */
const known = new WeakMap();

/**
 * The scale of a head, with the sentences that state it.
 * @param {PageMap} map @param {ScaledCells} cells
 * @returns {StatedScale}
 */
export function scaleOf(map, cells) {
	const { palette, limit, curve, scale } = settings.value;
	const key = [palette, limit, curve, scale, isLight.value].join();
	const last = known.get(cells);
	if (last?.key === key) return last.made;
	const made = makeScale(map, cells);
	known.set(cells, { key, made });
	return made;
}

/**
 * The scale that was requested, where it is selected and the palette is of its kind.
 * @param {PageMap} map @param {{signed: boolean, diverging: boolean, limit: number}} facts
 */
function requestedScale({ scale, signed: ofMap }, { signed, diverging, limit }) {
	const applies = settings.value.scale === "requested" && limit >= 100 && signed === ofMap;
	return applies && scale?.centered === diverging ? scale : null;
}

/** @param {PageMap} map @param {ScaledCells} cells @returns {StatedScale} */
function makeScale(map, { rows, columns, values, masked, altered, signed = map.signed }) {
	const { palette: selected, limit, curve } = settings.value;
	const palette = suitedPalette(selected, signed);
	const colors = pageData.palettes[palette];
	const diverging = pageData.diverging.includes(palette);
	const shared = isShared(altered, map) && signed === map.signed;
	const cut = limit < 100 ? percentileLimit(values, masked, limit) : null;
	const most = shared ? (altered ? 1 : map.largest) : maxAbs(values);
	const requested = requestedScale(map, { signed, diverging, limit });
	const automatic = chooseCurve({ nToken: Math.max(rows.length, columns.length), centered: diverging });
	const scale = new ColorScale({
		colors,
		high: cut ? cut.high : most,
		...requested,
		curve: curve === "auto" ? (requested?.norm ?? automatic.curve) : /** @type {"log"} */ (curve),
		centered: diverging,
		reversed: reversesOnGround(colors, diverging, isLight.value),
	});
	const sentence = scale.sentence(curve === "auto" && !requested ? automatic.reason : "");
	const sentences = [sentence, requested && requestSentence(scale, requested, precision), cut && limitSentence(cut, limit, precision)];
	return { scale, shared: shared || Boolean(requested), sentences: sentences.filter(Boolean) };
}
