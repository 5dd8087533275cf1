import assert from "node:assert/strict";
import { test } from "node:test";

import { ThumbnailQueue } from "../../../attnviz/render/page/script/thumbnail_queue.js";

test("all items are drawn in order, and the progress ends at all", async () => {
	const [drawn, steps] = [[], []];
	const onProgress = (done, all) => steps.push(`${done}/${all}`);
	const queue = new ThumbnailQueue({ draw: (item) => void drawn.push(item), onProgress, slice: 0 });
	assert.equal(await queue.request([1, 2, 3]), true);
	assert.deepEqual(drawn, [1, 2, 3]);
	assert.deepEqual(steps, ["1/3", "2/3", "3/3", "3/3"]);
});

test("a later request replaces an earlier one", async () => {
	const drawn = [];
	const queue = new ThumbnailQueue({ draw: (item) => void drawn.push(item), slice: 0 });
	const first = queue.request(["a", "b", "c"]);
	const second = queue.request(["x", "y"]);
	assert.deepEqual([await first, await second], [false, true]);
	assert.deepEqual(drawn, ["a", "x", "y"]);
});

test("a slice draws several items in one task, and leaves the page free between slices", async () => {
	const events = [];
	const queue = new ThumbnailQueue({ draw: (item) => void events.push(item), slice: 1e6 });
	setImmediate(() => events.push("other work"));
	await queue.request([1, 2, 3]);
	assert.deepEqual(events, [1, 2, 3]);
	const sliced = new ThumbnailQueue({ draw: (item) => void events.push(item), slice: 0 });
	const { port1, port2 } = new MessageChannel();
	port1.onmessage = () => events.push("message");
	port2.postMessage(null);
	await sliced.request([4, 5, 6]);
	port1.close();
	const at = events.indexOf("message");
	assert.ok(at > 0 && at < events.indexOf(6), events.join());
});

test("an item that fails is reported, and the others are drawn", async () => {
	const [drawn, failed] = [[], []];
	const draw = async (item) => {
		if (item === 2) throw new Error("damaged");
		drawn.push(item);
	};
	const onError = (error, item) => failed.push(`${item}: ${error.message}`);
	assert.equal(await new ThumbnailQueue({ draw, onError }).request([1, 2, 3]), true);
	assert.deepEqual([drawn, failed], [[1, 3], ["2: damaged"]]);
});

test("heads in view come first, and a cancelled queue draws no more", async () => {
	const drawn = [];
	const queue = new ThumbnailQueue({
		draw: (item) => {
			drawn.push(item);
			if (item === 1) queue.prioritize((other) => other > 3);
			if (item === 4) queue.cancel();
		},
	});
	assert.equal(await queue.request([1, 2, 3, 4, 5]), false);
	assert.deepEqual(drawn, [1, 4]);
});
