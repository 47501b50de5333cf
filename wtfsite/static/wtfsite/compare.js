// Two pictures of one frame over each other, and a range input that says where the one ends and the other begins.

// Its arrow keys work by themselves; dragging on the picture moves it, too.
export function split(view, slider) {
    const show = () => view.style.setProperty("--ws-split", `${slider.value}%`);
    const follow = (event) => {
        const box = view.getBoundingClientRect();
        slider.value = (100 * (event.clientX - box.left)) / box.width;
        show();
    };
    slider.addEventListener("input", show);
    view.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        view.setPointerCapture(event.pointerId);
        follow(event);
    });
    view.addEventListener("pointermove", (event) => view.hasPointerCapture(event.pointerId) && follow(event));
    show();
}
