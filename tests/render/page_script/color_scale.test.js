import assert from "node:assert/strict";
import { test } from "node:test";

import { chooseCurve, reversesOnGround } from "../../../attnviz/render/page/script/color_choice.js";
import { ColorScale, limitSentence, percentileLimit, requestSentence } from "../../../attnviz/render/page/script/color_scale.js";
import { levelTable } from "../../../attnviz/render/page/script/level_table.js";
import { close, GRAYS, randomNumbers } from "./maps.js";

const CURVES = ["linear", "sqrt", "log"];
const scaleOf = (more) => new ColorScale({ colors: GRAYS, high: 0.5, ...more });

for (const curve of CURVES) {
	test(`a ${curve} scale is monotone, from the first color to the last`, () => {
		const scale = scaleOf({ curve });
		const levels = Array.from({ length: 201 }, (_, i) => scale.level(i / 400));
		assert.deepEqual([levels[0], levels.at(-1), scale.level(9)], [0, 255, 255]);
		assert.ok(levels.every((level, i) => i === 0 || level >= levels[i - 1]));
		for (const part of [0.1, 0.5, 1]) assert.ok(close(scale.part(scale.magnitude(part)), part, 1e-12));
	});

	test(`a centered ${curve} scale is symmetric about 0`, () => {
		const scale = scaleOf({ curve, centered: true });
		assert.equal(scale.share(0), 0.5);
		for (const value of [0.001, 0.1, 0.5]) {
			assert.ok(close(scale.share(value) + scale.share(-value), 1, 1e-12));
			assert.ok(scale.share(value) > 0.5);
		}
		assert.deepEqual([scale.level(-1), scale.level(1)], [0, 255]);
	});

	test(`the marks of a ${curve} legend are in order and where their weights are`, () => {
		for (const centered of [false, true]) {
			const ticks = scaleOf({ curve, centered }).ticks();
			assert.ok(ticks.every(({ share }, i) => i === 0 || share > ticks[i - 1].share));
			assert.deepEqual([ticks[0].share, ticks.at(-1).share], [0, 1]);
			assert.ok(ticks.some(({ value }) => value === 0));
		}
	});
}

test("the square root and the logarithm separate weights far below the largest", () => {
	const level = (curve) => scaleOf({ curve }).level(0.001);
	assert.deepEqual(CURVES.map(level), [1, 11, 26]);
});

test("a scale of zeros only has the first color", () => {
	assert.equal(scaleOf({ high: 0 }).level(0), 0);
});

test("a reversed palette keeps the ink of each color; a centered scale is not reversed", () => {
	const scale = scaleOf({ reversed: true });
	assert.deepEqual([scale.css(0), scale.ink(0), scale.css(0.5), scale.ink(0.5)], ["rgb(255 255 255)", "#000", "rgb(0 0 0)", "#fff"]);
	assert.equal(scaleOf({ reversed: true, centered: true }).css(0.5), "rgb(255 255 255)");
});

test("zero is pale on a light ground and dark on a dark one", () => {
	const pale = new ColorScale({ colors: GRAYS, high: 1, reversed: true }).colors;
	assert.deepEqual([true, false].map((light) => reversesOnGround(GRAYS, false, light)), [true, false]);
	assert.deepEqual([true, false].map((light) => reversesOnGround(pale, false, light)), [false, true]);
	assert.equal(reversesOnGround(GRAYS, true, true), false);
});

test("the curve is chosen by the number of tokens, and stated", () => {
	const choose = (facts) => Object.values(chooseCurve(facts)).join(": ");
	assert.equal(choose({ nToken: 64 }), "linear: ");
	assert.equal(choose({ nToken: 65 }), "log: 65 tokens");
	assert.equal(choose({ nToken: 1024, centered: true }), "sqrt: 1,024 tokens");
	assert.equal(scaleOf({ curve: "sqrt" }).sentence("65 tokens"), "Square-root color scale, chosen for 65 tokens.");
	assert.match(scaleOf({ curve: "log" }).sentence(), /Weights below 0.0005 have the color of 0/);
	assert.equal(scaleOf({}).sentence(), "");
});

test("a percentile limit leaves out masked weights and counts those above", () => {
	const values = Float64Array.from({ length: 100 }, (_, i) => (i + 1) / 100);
	const masked = Uint8Array.from({ length: 100 }, (_, i) => Number(i === 99));
	const limit = percentileLimit(values, masked, 90);
	assert.deepEqual([limit.high, limit.above], [0.9, 9]);
	assert.match(limitSentence(limit, 90, 2), /^Colors end at 0.90, the 90th percentile: 9 larger weights have/);
	assert.equal(limitSentence(percentileLimit(values, masked, 100), 100, 2), "");
	assert.deepEqual(percentileLimit(values, new Uint8Array(100).fill(1), 90), { high: 0, above: 0 });
});

test("a percentile of zero falls back to the largest weight", () => {
	assert.equal(percentileLimit(Float64Array.of(0, 0, 0, 0.5), new Uint8Array(4), 50).high, 0.5);
});

test("a requested scale begins at its low limit, in each curve", () => {
	const linear = new ColorScale({ colors: GRAYS, low: 0.2, high: 0.6 });
	assert.deepEqual([0.1, 0.2, 0.4, 0.6, 0.9].map((value) => linear.level(value)), [0, 0, 128, 255, 255]);
	const root = new ColorScale({ colors: GRAYS, low: 0.2, high: 0.6, curve: "sqrt" });
	assert.ok(close(root.share(0.3), 0.5));
	const log = new ColorScale({ colors: GRAYS, low: 0.01, high: 1, curve: "log" });
	assert.deepEqual([0, 0.001, 1].map((value) => log.share(value)), [0, 0, 1]);
	assert.ok(close(log.share(0.01), 0));
	assert.ok(close(log.share(0.1), 0.5));
	for (const scale of [linear, root, log]) for (const { value, share } of scale.ticks()) assert.ok(close(scale.share(value), share));
	assert.equal(log.sentence(), "Logarithmic color scale.");
	const below = new ColorScale({ colors: GRAYS, low: -1, high: 1 });
	assert.ok(close(below.share(0), 0.5));
	assert.equal(requestSentence(linear, { note: "outside the scale: 1 above 0.6, up to 0.9" }, 3), "Requested scale: 0.200 to 0.600; outside the scale: 1 above 0.6, up to 0.9.");
});

test("tables have the levels of their scale", () => {
	const random = randomNumbers(3);
	const scales = CURVES.flatMap((curve) => [{ curve }, { curve, low: 0.05 }]).concat([{ centered: true }, { centered: true, curve: "sqrt" }, { low: -0.2 }]);
	for (const more of scales) {
		const scale = scaleOf(more);
		const table = levelTable(scale);
		assert.equal(levelTable(scaleOf(more)), table);
		for (let i = 0; i < 2000; i++) {
			const value = (random() < 0.3 ? -1 : 1) * 0.6 * random() ** (i % 9);
			assert.equal(table.level(value), scale.level(value), `${value} ${JSON.stringify(more)}`);
		}
		for (const value of [0, 1e-40, scale.high, 1e30, NaN]) assert.equal(table.level(value), scale.level(value) || 0);
	}
});
