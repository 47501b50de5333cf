// Lays a video into a shape by dragging. The form's own fields are the truth: everything here reads and writes them.

const REST = 200; // ms after the last change before a frame is asked for
const LEAST = 0.02; // share of the picture that a cut keeps
const STEP = 0.01;
const PERCENT = ["crop_left", "crop_top", "crop_width", "crop_height", "pan_x", "pan_y"];

class Page {
    constructor(form) {
        this.form = form;
        this.data = JSON.parse(document.getElementById("reframe-data").textContent);
        this.find = (name) => form.querySelector(`[data-${name}]`);
        this.saved = this.query();
        form.querySelectorAll("[data-scripted]").forEach((part) => {
            part.hidden = false;
        });
        this.pictures = this.data.frame ? new Pictures(this) : null;
        this.listen();
        this.shown();
    }

    get(name) {
        const field = this.form.elements[name];
        if (field.type === "checkbox") return field.checked;
        if (name === "fit") return field.value;
        return PERCENT.includes(name) ? Number(field.value) / 100 : Number(field.value);
    }

    // Takes {name: value} and shows it.
    set(changes) {
        for (const [name, value] of Object.entries(changes)) {
            const field = this.form.elements[name];
            if (field.type === "checkbox") field.checked = value;
            else if (PERCENT.includes(name)) field.value = tidy(100 * value, 2);
            else field.value = typeof value === "number" ? tidy(value, 3) : value;
        }
        this.shown();
    }

    // The fields as the server takes them.
    query() {
        const names = ["fit", "turn", "zoom", ...PERCENT];
        const values = names.map((name) => [name, this.form.elements[name].value]);
        return new URLSearchParams(this.get("mirror") ? [...values, ["mirror", "on"]] : values);
    }

    get changed() {
        return this.query().toString() !== this.saved.toString();
    }

    listen() {
        this.form.addEventListener("input", (event) => {
            if (event.target.name) this.shown();
        });
        this.slider = this.find("zoom");
        this.slider.addEventListener("input", () => this.set({ zoom: 2 ** Number(this.slider.value) }));
        this.form.querySelectorAll("[data-turn]").forEach((button) => {
            button.addEventListener("click", () => this.turn(Number(button.dataset.turn)));
        });
        this.form.elements.mirror.addEventListener("change", () => this.mirrored());
        this.find("clear")?.addEventListener("click", () => this.clear());
        this.form.addEventListener("submit", () => {
            this.leaving = true;
        });
        window.addEventListener("beforeunload", (event) => {
            if (this.changed && !this.leaving) event.preventDefault();
        });
    }

    clear() {
        const all = { crop_left: 0, crop_top: 0, crop_width: 1, crop_height: 1 };
        this.set({ fit: "fill", turn: 0, mirror: false, zoom: 1, pan_x: 0.5, pan_y: 0.5, ...all });
    }

    // What is seen turns, with the cut in it. It is turned before it is mirrored, so a mirrored one turns the other way.
    turn(by) {
        const [left, top, width, height] = this.crop;
        const [x, y] = [this.get("pan_x"), this.get("pan_y")];
        const right = by > 0;
        const turn = (this.get("turn") + (this.get("mirror") ? -by : by) + 360) % 360;
        this.set({
            turn,
            crop_left: right ? 1 - top - height : top,
            crop_top: right ? left : 1 - left - width,
            crop_width: height,
            crop_height: width,
            pan_x: right ? 1 - y : y,
            pan_y: right ? x : 1 - x,
        });
    }

    mirrored() {
        const [left, , width] = this.crop;
        this.set({ crop_left: Math.max(0, 1 - left - width), pan_x: 1 - this.get("pan_x") });
    }

    get crop() {
        return ["crop_left", "crop_top", "crop_width", "crop_height"].map((name) => this.get(name));
    }

    zoom(factor) {
        this.set({ zoom: clamp(this.get("zoom") * factor, 0.25, 4) });
    }

    shown() {
        const zoom = this.get("zoom") || 1;
        this.slider.value = Math.log2(zoom);
        this.slider.setAttribute("aria-valuetext", `${tidy(zoom, 2)}×`);
        this.pictures?.refresh();
    }
}

class Pictures {
    constructor(page) {
        this.page = page;
        this.raw = page.find("raw");
        this.result = page.find("result");
        this.image = page.find("shown");
        this.crop = page.find("crop");
        this.seen = page.find("seen");
        this.time = page.find("time");
        this.status = page.find("status");
        this.crop.hidden = false;
        this.asked = { raw: this.address("raw"), shown: this.address("shown") };
        this.raw.addEventListener("load", () => this.draw());
        this.time.addEventListener("input", () => this.refresh());
        if (this.crop.hasAttribute("tabindex")) this.listen();
    }

    listen() {
        drag(this.crop, (event) => this.cutting(event));
        drag(this.result, () => this.panning());
        this.crop.addEventListener("keydown", (event) => this.cropKey(event));
        this.result.addEventListener("keydown", (event) => this.panKey(event));
        this.raw.draggable = this.image.draggable = false;
    }

    // --- the cut

    cutting(event) {
        const box = this.raw.getBoundingClientRect();
        const corner = event.target.dataset.handle ?? "";
        const start = this.page.crop;
        return (x, y) => this.cut(start, corner, x / box.width, y / box.height);
    }

    cut([left, top, width, height], corner, x, y) {
        const across = side(left, width, x, corner.includes("w") ? -1 : corner.includes("e") ? 1 : 0);
        const down = side(top, height, y, corner.includes("n") ? -1 : corner.includes("s") ? 1 : 0);
        this.page.set({ crop_left: across[0], crop_width: across[1], crop_top: down[0], crop_height: down[1] });
    }

    cropKey(event) {
        const way = arrow(event);
        if (!way) return;
        this.cut(this.page.crop, event.shiftKey ? "se" : "", STEP * way[0], STEP * way[1]);
    }

    // --- the place

    // How much of the enlarged picture stands over on each side; below 0: how much is free. In pixels of the canvas.
    get over() {
        const [, , width, height] = this.page.crop;
        const [wide, high] = this.page.data.canvas;
        const scales = [wide / (width * this.raw.naturalWidth), high / (height * this.raw.naturalHeight)];
        const scale = (this.page.get("fit") === "fill" ? Math.max(...scales) : Math.min(...scales)) * this.page.get("zoom");
        return [scale * width * this.raw.naturalWidth - wide, scale * height * this.raw.naturalHeight - high];
    }

    panning() {
        const scale = this.page.data.canvas[0] / this.image.getBoundingClientRect().width;
        const start = [this.page.get("pan_x"), this.page.get("pan_y")];
        return (x, y) => this.pan(start, scale * x, scale * y);
    }

    pan(start, x, y) {
        const [across, down] = this.over;
        const moved = (from, by, over) => (Math.abs(over) < 1 ? from : clamp(from - by / over, 0, 1));
        this.page.set({ pan_x: moved(start[0], x, across), pan_y: moved(start[1], y, down) });
    }

    panKey(event) {
        const way = arrow(event);
        if (way) {
            const step = this.page.data.canvas[0] * (event.shiftKey ? 0.1 : 0.02);
            this.pan([this.page.get("pan_x"), this.page.get("pan_y")], step * way[0], step * way[1]);
        } else if (event.key === "+" || event.key === "=") this.page.zoom(1.1);
        else if (event.key === "-") this.page.zoom(1 / 1.1);
    }

    // --- showing

    refresh() {
        this.draw();
        const text = clock(Number(this.time.value));
        this.page.find("clock").textContent = text;
        this.time.setAttribute("aria-valuetext", text);
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.ask(), REST);
    }

    draw() {
        const [left, top, width, height] = this.page.crop;
        place(this.crop, left, top, width, height);
        const [across, down] = this.over;
        const [wide, high] = this.page.data.canvas;
        const part = (over, canvas, pan) => {
            const share = over > 0 ? canvas / (canvas + over) : 1;
            return [pan * (1 - share), share];
        };
        const [x, y] = [part(across, wide, this.page.get("pan_x")), part(down, high, this.page.get("pan_y"))];
        place(this.seen, x[0], y[0], x[1], y[1]);
    }

    address(kind) {
        const query = kind === "raw" ? new URLSearchParams() : this.page.query();
        if (kind === "raw") {
            const blank = { fit: "fit", zoom: 1, crop_left: 0, crop_top: 0, crop_width: 100, crop_height: 100, pan_x: 50, pan_y: 50 };
            Object.entries({ ...blank, turn: this.page.get("turn"), raw: 1 }).forEach(([name, value]) => query.set(name, value));
            if (this.page.get("mirror")) query.set("mirror", "on");
        }
        query.set("variant", this.page.data.variant);
        query.set("at_ms", this.time.value);
        query.set("size", kind === "raw" ? 900 : 720);
        return `${this.page.data.frame}?${query}`;
    }

    async ask() {
        this.question?.abort();
        this.question = new AbortController();
        const wanted = [["raw", this.raw], ["shown", this.image]].filter(([kind]) => this.address(kind) !== this.asked[kind]);
        if (!wanted.length) return;
        const { texts } = this.page.data;
        this.status.textContent = texts.drawing;
        try {
            for (const [kind, image] of wanted) await this.fetched(kind, image, this.question.signal);
            this.status.textContent = this.page.changed ? `${texts.shown} ${texts.unsaved}` : texts.shown;
        } catch (error) {
            if (error.name !== "AbortError") this.status.textContent = error.message;
        }
    }

    async fetched(kind, image, signal) {
        const { texts } = this.page.data;
        const address = this.address(kind);
        let response;
        try {
            response = await fetch(address, { credentials: "same-origin", signal });
        } catch (error) {
            throw error.name === "AbortError" ? error : new Error(texts.offline);
        }
        if (response.redirected) throw new Error(texts.signedOut);
        if (!response.ok) throw new Error(await told(response, texts.failed));
        const url = URL.createObjectURL(await response.blob());
        if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
        image.src = url;
        this.asked[kind] = address;
    }
}

async function told(response, otherwise) {
    const json = (response.headers.get("Content-Type") ?? "").includes("json");
    return (json && (await response.json()).error) || otherwise;
}

// `begin` gives a function that is told how far the pointer has moved. Escape takes the drag back.
function drag(part, begin) {
    part.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        part.focus({ preventScroll: true });
        const move = begin(event);
        const [x, y] = [event.clientX, event.clientY];
        part.setPointerCapture(event.pointerId);
        const moved = (now) => move(now.clientX - x, now.clientY - y);
        const back = (key) => {
            if (key.key !== "Escape") return;
            end();
            move(0, 0);
        };
        const end = () => {
            part.removeEventListener("pointermove", moved);
            part.removeEventListener("pointerup", end);
            part.removeEventListener("pointercancel", end);
            document.removeEventListener("keydown", back);
        };
        part.addEventListener("pointermove", moved);
        part.addEventListener("pointerup", end);
        part.addEventListener("pointercancel", end);
        document.addEventListener("keydown", back);
    });
}

// Start and length of a cut on one side after it was moved (0), or one of its edges was (-1, 1).
function side(start, length, by, edge) {
    if (edge === 0) return [clamp(start + by, 0, 1 - length), length];
    if (edge > 0) return [start, clamp(length + by, LEAST, 1 - start)];
    const moved = clamp(start + by, 0, start + length - LEAST);
    return [moved, start + length - moved];
}

function arrow(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) event.preventDefault();
    return way;
}

function place(part, left, top, width, height) {
    Object.assign(part.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * width}%`, height: `${100 * height}%` });
}

function clamp(value, least, most) {
    return Math.min(Math.max(value, least), Math.max(least, most));
}

function tidy(value, digits) {
    return String(Number(value.toFixed(digits)));
}

// 65000 -> "1:05.0"
function clock(ms) {
    const minutes = Math.floor(ms / 60000);
    return `${minutes}:${((ms - 60000 * minutes) / 1000).toFixed(1).padStart(4, "0")}`;
}

const form = document.querySelector("[data-reframe]");
if (form) new Page(form);
