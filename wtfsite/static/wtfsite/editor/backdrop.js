// The picture behind the layers: a frame of a chosen video, its poster where frames are not offered, or a neutral one.
// And the preview: the same frame as the render makes it, with and without the brand.

import { split } from "../compare.js";
import { element, fill } from "./nodes.js";

const REST = 250; // ms after the last change of time or layout before something is asked for
const PREVIEW_EDGE = 960; // pixels, of the longer side
const MOST_TRIES = 6;

export class Backdrop {
    constructor(page, studio) {
        this.studio = studio;
        this.server = studio.server;
        this.picture = page.querySelector("[data-backdrop] img");
        this.video = page.querySelector("[data-video]");
        this.time = page.querySelector("[data-time]");
        this.clock = page.querySelector("[data-clock]");
        this.timeRow = page.querySelector("[data-time-row]");
        this.preview = new Preview(page, studio, this);
        this.videos = new Map();
        this.video.addEventListener("change", () => this.chosen());
        this.time.addEventListener("input", () => this.moved());
        this.variant = studio.variant;
        studio.listen(() => this.refresh());
        this.fill();
    }

    get asset() {
        return this.videos.get(this.video.value) ?? null;
    }

    get atMs() {
        return Number(this.time.value);
    }

    async fill() {
        try {
            for (const video of await this.server.videos()) {
                this.videos.set(video.uuid, video);
                this.video.append(element("option", { value: video.uuid }, video.title));
            }
        } catch (error) {
            this.studio.complain(error.message);
        }
        if (location.hash === "#preview" && this.videos.size) this.begin();
    }

    // With the newest video, as links to the preview ask for.
    begin() {
        this.video.value = this.videos.keys().next().value;
        this.preview.choose();
        this.chosen();
    }

    chosen() {
        const video = this.asset;
        this.timeRow.hidden = !video || !this.server.urls.frame;
        if (video) {
            this.time.max = Math.max(0, video.duration_ms - 40);
            this.time.value = Math.round(Number(this.time.max) / 3);
        }
        this.moved();
    }

    moved() {
        this.clock.textContent = clock(this.atMs);
        this.time.setAttribute("aria-valuetext", clock(this.atMs));
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.show(), REST);
        this.preview.stale();
    }

    // The address of the frame as the render would begin with it, without any layer.
    get url() {
        const video = this.asset;
        if (!video) return "";
        return this.server.urls.frame ? this.server.frameUrl(video.uuid, this.atMs, this.studio.variant) : this.server.posterUrl(video.uuid);
    }

    async show() {
        this.question?.abort();
        this.question = new AbortController();
        const url = this.url;
        if (!url) return this.put("");
        try {
            return this.put(URL.createObjectURL(await this.server.picture(url, this.question.signal)));
        } catch (error) {
            return this.failed(error);
        }
    }

    // Other frames may be in the way for a moment; where none can be had, the poster is better than nothing.
    failed(error) {
        if (error.name === "AbortError") return;
        if (error.againMs) {
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.show(), error.againMs);
            return;
        }
        this.studio.complain(error.message);
        if (this.asset) this.put(this.server.posterUrl(this.asset.uuid));
    }

    put(url) {
        if (url) {
            put(this.picture, url);
        } else {
            this.picture.hidden = true;
            this.picture.removeAttribute("src");
        }
        this.preview.refresh();
    }

    refresh() {
        if (this.variant !== this.studio.variant) {
            this.variant = this.studio.variant;
            this.show();
        }
        this.preview.changed();
    }
}

class Preview {
    constructor(page, studio, backdrop) {
        this.studio = studio;
        this.backdrop = backdrop;
        this.modes = page.querySelector("[data-modes]");
        this.view = page.querySelector("[data-preview]");
        this.stage = page.querySelector("[data-stage]");
        this.layers = page.querySelector("[data-layers]");
        this.before = this.view?.querySelector("[data-before]");
        this.after = this.view?.querySelector("[data-after]");
        this.slider = page.querySelector("[data-compare]");
        this.status = page.querySelector("[data-preview-status]");
        this.row = page.querySelector("[data-compare-row]");
        if (!this.modes) return;
        this.modes.addEventListener("change", () => this.refresh());
        split(this.view, this.slider);
    }

    get on() {
        return this.modes?.querySelector("input:checked")?.value === "preview";
    }

    choose() {
        const mode = this.modes?.querySelector("[value=preview]");
        if (mode) mode.checked = true;
    }

    refresh() {
        if (!this.modes) return;
        this.view.hidden = this.row.hidden = !this.on;
        this.stage.classList.toggle("ed-previewing", this.on);
        this.layers.inert = this.on; // nobody can see what has the focus there
        if (this.on) this.ask();
    }

    changed() {
        if (this.drawn !== this.studio.variant && this.view) this.before.hidden = this.after.hidden = true;
        if (this.on && this.key() !== this.asked) this.stale();
    }

    stale() {
        if (!this.on) return;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.ask(), REST);
    }

    key() {
        const { studio, backdrop } = this;
        return JSON.stringify([backdrop.video.value, backdrop.atMs, studio.variant, studio.dirty, studio.document().layers]);
    }

    async ask(tries = 1) {
        const { studio, backdrop } = this;
        const [width, height] = studio.canvas;
        this.view.style.setProperty("--ed-ratio", width / height);
        if (!backdrop.asset) return this.tell(studio.texts.chooseVideo);
        const key = this.key();
        if (key === this.asked && !this.after.hidden) return null;
        this.asked = key;
        this.question?.abort();
        this.question = new AbortController();
        this.tell(studio.texts.drawing);
        try {
            await this.draw(this.question.signal);
            const said = studio.dirty ? studio.texts.previewOnly : studio.texts.previewSaved;
            return this.tell(fill(said, { variant: studio.variantLabel, time: clock(backdrop.atMs) }));
        } catch (error) {
            return this.failed(error, tries);
        }
    }

    async draw(signal) {
        const { studio, backdrop } = this;
        const at = { asset: backdrop.asset.uuid, variant: studio.variant, at_ms: Math.round(backdrop.atMs), size: PREVIEW_EDGE };
        const after = await studio.server.preview({ ...at, brand: studio.data.brand, layout: studio.document() }, signal);
        put(this.after, URL.createObjectURL(after));
        put(this.before, URL.createObjectURL(await studio.server.previewWithout(at, signal)));
        this.drawn = at.variant;
    }

    // Other previews may be in the way for a moment; anything else is told.
    failed(error, tries) {
        if (error.name === "AbortError") return;
        this.asked = "";
        this.tell(error.message);
        if (error.againMs && tries < MOST_TRIES) this.timer = setTimeout(() => this.on && this.ask(tries + 1), error.againMs);
    }

    tell(sentence) {
        this.status.textContent = sentence;
    }
}

function put(picture, url) {
    if (picture.src.startsWith("blob:")) URL.revokeObjectURL(picture.src);
    picture.src = url;
    picture.hidden = false;
}

// 65000 -> "1:05.0"
export function clock(ms) {
    const seconds = ms / 1000;
    const whole = Math.floor(seconds / 60);
    return `${whole}:${(seconds - 60 * whole).toFixed(1).padStart(4, "0")}`;
}
