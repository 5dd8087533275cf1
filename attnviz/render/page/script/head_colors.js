// Colors of heads. Up to twelve differ for normal sight and for deuteranopia, on light and dark
// pages; no larger set does, so that more heads share one hue.

const COLORS = [
	"#9669ff",
	"#e19600",
	"#006900",
	"#1ea5a5",
	"#3c4bb4",
	"#ff5aff",
	"#b42db4",
	"#d25a00",
	"#2d875a",
	"#694b69",
	"#002dff",
	"#ff7896",
];

const SINGLE = "#3d7ac7";

/** The color of each of n heads; the first ones differ most. @param {number} n */
export const headColors = (n) =>
	n <= COLORS.length ? COLORS.slice(0, n) : Array.from({ length: n }, () => SINGLE);
