// One drag with mouse, pen or finger, from the first touch to letting go; Escape takes it back.

const STILL = 3; // pixels: less is a click

export function drag(event, { start = () => {}, move, end, cancel }) {
    const target = event.currentTarget;
    const from = { x: event.clientX, y: event.clientY };
    let moving = false;
    const controller = new AbortController();
    const options = { signal: controller.signal };

    function moved(now) {
        if (now.pointerId !== event.pointerId) return;
        const by = { x: now.clientX - from.x, y: now.clientY - from.y };
        if (!moving && Math.hypot(by.x, by.y) < STILL) return;
        if (!moving) start();
        moving = true;
        move(by, now);
    }

    function finish(done) {
        controller.abort();
        if (moving) done();
    }

    target.setPointerCapture(event.pointerId);
    target.addEventListener("pointermove", moved, options);
    target.addEventListener("pointerup", () => finish(end), options);
    target.addEventListener("pointercancel", () => finish(cancel), options);
    window.addEventListener(
        "keydown",
        (key) => {
            if (key.key !== "Escape") return;
            key.preventDefault();
            key.stopPropagation(); // the layer stays chosen
            finish(cancel);
        },
        { ...options, capture: true },
    );
}
