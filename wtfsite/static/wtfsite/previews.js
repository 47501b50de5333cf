// Previews on a page: fetched when they come into sight, one after the other, and kept while the page lives.
// <img data-look="address" hidden>; what is wrong is said in the [role=status] beside it.

import { split } from "./compare.js";

const TRIES = 5;
const kept = new Map(); // address -> promise of an object URL
let last = Promise.resolve();

const sight = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
        if (!isIntersecting) continue;
        sight.unobserve(target);
        for (const image of target.querySelectorAll("[data-look]")) show(image);
    }
});

async function show(image) {
    const said = image.parentElement.querySelector("[role=status]");
    try {
        image.src = await picture(image.dataset.look);
        image.hidden = false;
        said.textContent = "";
    } catch (error) {
        said.textContent = error.message;
    }
}

function picture(address) {
    if (!kept.has(address)) {
        const turn = last.then(() => load(address));
        kept.set(address, turn);
        last = turn.catch(() => kept.delete(address));
    }
    return kept.get(address);
}

async function load(address, left = TRIES) {
    const response = await fetch(address, { credentials: "same-origin" });
    const type = response.headers.get("Content-Type") ?? "";
    const wait = Number(response.headers.get("Retry-After"));
    if (response.status === 503 && wait && left > 1) {
        await new Promise((resolve) => setTimeout(resolve, 1000 * wait));
        return load(address, left - 1);
    }
    if (response.ok && type.startsWith("image/")) return URL.createObjectURL(await response.blob());
    throw new Error(type.includes("json") ? (await response.json()).error : response.statusText);
}

function watch(root) {
    for (const view of root.querySelectorAll(".ws-compare")) if (view.querySelector("[data-look]")) sight.observe(view);
    for (const box of root.querySelectorAll("[data-compare-box]")) {
        split(box.querySelector("[data-compare-view]"), box.querySelector("[data-compare]"));
    }
}

watch(document);
document.addEventListener("htmx:load", (event) => event.target !== document.body && watch(event.target));
