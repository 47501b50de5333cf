// The canvas: every layer where the render puts it, and all that can be done to it with a pointer or with keys.
//
// Nodes are kept and changed in place: a new node would lose the focus, and with it the keys.

import * as documents from "./document.js";
import { drag } from "./gesture.js";
import { angle, clamp, inside, lines, middle, round, shrink, snap, tidy } from "./geometry.js";
import { element, symbol } from "./nodes.js";

const REACH = 7; // pixels on the screen within which things snap
const SMALL_STEP = 0.5; // percent
const LARGE_STEP = 5;
const CORNERS = { nw: [-1, -1], ne: [1, -1], se: [1, 1], sw: [-1, 1] };
const SIDES = { e: 1, w: -1 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Canvas {
    constructor(root, studio, pictures) {
        this.root = root;
        this.studio = studio;
        this.pictures = pictures;
        this.snapping = true;
        this.nodes = new Map();
        this.layers = root.querySelector("[data-layers]");
        this.zones = root.querySelector("[data-zones]");
        this.guides = root.querySelector("[data-guides]");
        this.safe = root.querySelector("[data-safe]");
        this.frame = this.buildFrame(root.querySelector("[data-frame]"));
        root.addEventListener("pointerdown", (event) => {
            if (event.target === root || event.target.closest("[data-backdrop]")) studio.select(null);
        });
        studio.listen(() => this.refresh());
    }

    // --- drawing ---

    get scale() {
        return this.root.clientWidth / this.studio.canvas[0];
    }

    refresh() {
        const [width, height] = this.studio.canvas;
        this.root.style.setProperty("--ed-ratio", width / height);
        this.root.dataset.variant = this.studio.variant;
        if (this.studio.safe) this.put(this.safe, this.studio.safe);
        this.refreshLayers();
        this.refreshZones();
        this.refreshFrame();
    }

    refreshLayers() {
        const shown = documents.inOrder(this.studio.layers, this.studio.variant).filter((layer) => this.isShown(layer));
        const ids = new Set(shown.map((layer) => layer.id));
        for (const [id, node] of this.nodes) {
            if (ids.has(id)) continue;
            node.remove();
            this.nodes.delete(id);
        }
        shown.forEach((layer, depth) => this.drawLayer(layer, depth));
    }

    isShown(layer) {
        return this.studio.row(layer)?.place.visible && this.studio.places.has(layer.id);
    }

    drawLayer(layer, depth) {
        const row = this.studio.row(layer);
        const place = this.studio.places.get(layer.id);
        const node = this.nodes.get(layer.id) ?? this.buildLayer(layer);
        this.put(node, place.box);
        node.style.zIndex = depth + 1;
        node.style.transform = place.rotation ? `rotate(${place.rotation}deg)` : "";
        node.classList.toggle("ed-is-full", place.full);
        node.classList.toggle("ed-is-locked", row.content.locked);
        node.classList.toggle("ed-is-chosen", layer.id === this.studio.selected);
        node.setAttribute("aria-pressed", layer.id === this.studio.selected);
        node.setAttribute("aria-label", this.studio.data.describe(layer));
        this.drawPicture(node, layer, row, place);
    }

    drawPicture(node, layer, row, place) {
        const picture = node.querySelector("img");
        const words = node.querySelector("span");
        const url = documents.isText(row.content) ? this.pictures.url(layer, row, this.studio.variant) : place.picture;
        const seen = Boolean(url) && !place.problem;
        if (seen && picture.getAttribute("src") !== url) picture.src = url;
        picture.hidden = !seen;
        picture.className = row.content.shape && !place.full ? `ed-cut-${row.content.shape}` : "";
        picture.style.opacity = place.opacity;
        words.hidden = seen;
        words.textContent = place.problem || layer.name;
        node.classList.toggle("ed-is-missing", Boolean(place.problem));
    }

    buildLayer(layer) {
        const node = element("div", { class: "ed-layer", role: "button", tabindex: "0", "data-layer": layer.id });
        node.append(element("img", { alt: "", draggable: "false", hidden: "" }), element("span", { class: "ed-words" }));
        node.addEventListener("pointerdown", (event) => this.pressed(event, layer.id));
        node.addEventListener("focus", () => this.studio.select(layer.id));
        node.addEventListener("keydown", (event) => this.keyed(event, layer.id));
        this.nodes.set(layer.id, node);
        this.insert(node, layer);
        return node;
    }

    // In the order of the layers, so that the tab key goes from back to front; the others stay where they are.
    insert(node, layer) {
        const sorted = documents.inOrder(this.studio.layers, this.studio.variant).map((other) => other.id);
        const later = sorted.slice(sorted.indexOf(layer.id) + 1).find((id) => this.nodes.get(id)?.isConnected);
        this.layers.insertBefore(node, later ? this.nodes.get(later) : null);
    }

    // Puts a node to a box of the canvas: in percent, so that it stays right when the page changes its size.
    put(node, [x, y, width, height]) {
        const [across, along] = this.studio.canvas;
        node.style.left = `${(100 * x) / across}%`;
        node.style.top = `${(100 * y) / along}%`;
        node.style.width = `${(100 * width) / across}%`;
        node.style.height = `${(100 * height) / along}%`;
    }

    refreshZones() {
        const chosen = this.studio.data.zones.filter((zone) => this.isChosen(zone));
        const key = chosen.map((zone) => zone.id).join(" ");
        if (this.zones.dataset.shown === key) return;
        this.zones.dataset.shown = key;
        this.zones.replaceChildren(...chosen.map((zone, number) => this.drawZone(zone, number)));
    }

    isChosen(zone) {
        return zone.variant === this.studio.variant && this.studio.zones.has(zone.id);
    }

    drawZone(zone, number) {
        const node = element("div", { class: `ed-zone ed-zone-${number % 4}` });
        for (const [side, css] of [
            ["top", { inset: "0 0 auto 0", height: `${zone.top}%` }],
            ["bottom", { inset: "auto 0 0 0", height: `${zone.bottom}%` }],
            ["left", { inset: `${zone.top}% auto ${zone.bottom}% 0`, width: `${zone.left}%` }],
            ["right", { inset: `${zone.top}% 0 ${zone.bottom}% auto`, width: `${zone.right}%` }],
        ]) {
            if (!zone[side]) continue;
            const part = element("i");
            Object.assign(part.style, css);
            node.append(part);
        }
        const label = element("b", {}, zone.name);
        label.style.bottom = `calc(${zone.bottom}% - 20px)`;
        label.style.left = `calc(${zone.left}% + ${4 + 80 * number}px)`;
        node.append(label);
        return node;
    }

    zoneAreas() {
        const [width, height] = this.studio.canvas;
        return this.studio.data.zones
            .filter((zone) => this.isChosen(zone))
            .map((zone) => [
                (width * zone.left) / 100,
                (height * zone.top) / 100,
                (width * (100 - zone.left - zone.right)) / 100,
                (height * (100 - zone.top - zone.bottom)) / 100,
            ]);
    }

    drawGuides({ x = [], y = [] } = {}) {
        const [width, height] = this.studio.canvas;
        this.guides.replaceChildren(
            ...x.map((line) => guide("ed-guide-x", "left", (100 * line) / width)),
            ...y.map((line) => guide("ed-guide-y", "top", (100 * line) / height)),
        );
    }

    // --- the frame with handles ---

    buildFrame(frame) {
        for (const corner of Object.keys(CORNERS)) {
            frame.append(this.buildHandle(corner, (event) => this.resizing(event, CORNERS[corner])));
        }
        for (const side of Object.keys(SIDES)) {
            frame.append(this.buildHandle(side, (event) => this.widening(event, SIDES[side])));
        }
        const knob = this.buildHandle("turn", (event) => this.turning(event));
        knob.append(symbol("rotate_right"));
        frame.append(knob);
        return frame;
    }

    buildHandle(name, pressed) {
        const handle = element("div", { class: `ed-handle ed-handle-${name}`, "data-handle": name });
        handle.addEventListener("pointerdown", (event) => {
            if (event.button !== 0) return;
            event.preventDefault();
            event.stopPropagation();
            pressed(event);
        });
        return handle;
    }

    refreshFrame() {
        const layer = this.studio.layer;
        const place = layer && this.isShown(layer) ? this.studio.places.get(layer.id) : null;
        const movable = place && this.canMove(layer);
        this.frame.hidden = !place || place.full;
        if (this.frame.hidden) return;
        this.put(this.frame, place.box);
        this.frame.style.transform = place.rotation ? `rotate(${place.rotation}deg)` : "";
        this.frame.classList.toggle("ed-frame-fixed", !movable);
        this.frame.classList.toggle("ed-frame-upright", this.studio.row(layer).content.kind === "clip");
        this.frame.classList.toggle("ed-frame-text", documents.isText(this.studio.row(layer).content));
    }

    canMove(layer) {
        const row = this.studio.row(layer);
        return this.studio.editable && row && !row.content.locked && !documents.isFull(row);
    }

    // --- pointers ---

    pressed(event, id) {
        if (event.button !== 0) return;
        event.preventDefault(); // no selection of text, no dragging of pictures
        this.nodes.get(id).focus({ preventScroll: true });
        this.studio.select(id);
        const layer = documents.find(this.studio.layers, id);
        if (this.canMove(layer)) this.gesture(event, layer, (by, now, at) => this.moveTo(layer, by, now, at));
    }

    resizing(event, corner) {
        const layer = this.studio.layer;
        this.gesture(event, layer, (by, now, at) => this.resizeTo(layer, by, corner, at));
    }

    widening(event, side) {
        const layer = this.studio.layer;
        this.gesture(event, layer, (by, now, at) => this.widenTo(layer, by, side, at));
    }

    turning(event) {
        const layer = this.studio.layer;
        const box = this.root.getBoundingClientRect();
        const at = middle(this.studio.places.get(layer.id).box);
        const centre = { x: box.left + at.x * this.scale, y: box.top + at.y * this.scale };
        const first = angle(centre, { x: event.clientX, y: event.clientY });
        this.gesture(event, layer, (by, now, start) => {
            const turned = angle(centre, { x: now.clientX, y: now.clientY }) - first + start.row.place.rotation;
            this.turnTo(layer, tidy(turned, now.shiftKey ? 15 : 0), start);
        });
    }

    // A drag of a layer: `move(by, event, start)` with `by` in pixels of the canvas; one step to undo.
    gesture(event, layer, move) {
        const start = { place: middle(this.studio.places.get(layer.id).box), row: structuredClone(this.studio.row(layer)) };
        const before = structuredClone(this.studio.layers);
        const places = new Map(this.studio.places);
        drag(event, {
            start: () => (this.studio.busy = true),
            move: (by, now) => move({ x: by.x / this.scale, y: by.y / this.scale }, now, start),
            end: () => {
                this.drawGuides();
                this.studio.busy = false;
                this.studio.commit();
                this.studio.say(this.studio.data.describe(layer));
            },
            cancel: () => {
                this.drawGuides();
                this.studio.busy = false;
                this.studio.layers = before;
                this.studio.places = places;
                this.studio.notify();
                this.studio.say(this.studio.texts.takenBack);
            },
        });
    }

    // --- what pointers and keys do ---

    moveTo(layer, by, event, { place, row }) {
        const wanted = { ...place, x: place.x + by.x, y: place.y + by.y };
        const degrees = drawnRotation(row);
        const free = !this.snapping || event.altKey;
        const snapped = free ? { place: wanted } : snap(wanted, degrees, this.lines(layer), REACH / this.scale);
        const at = inside(snapped.place, degrees, this.studio.safe);
        this.drawGuides(snapped.guides);
        this.placed(layer, at, degrees, this.percent(at));
    }

    lines(layer) {
        const others = [...this.studio.places].filter(([id, place]) => id !== layer.id && !place.full && this.nodes.has(id));
        return lines(this.studio.canvas, this.studio.safe, this.zoneAreas(), others.map(([, place]) => place.bounds));
    }

    percent({ x, y }) {
        const [width, height] = this.studio.canvas;
        return { x: round(clamp((100 * x) / width, 0, 100)), y: round(clamp((100 * y) / height, 0, 100)) };
    }

    // The opposite corner stays, and so does the shape.
    resizeTo(layer, by, [right, low], { place, row }) {
        const degrees = drawnRotation(row);
        const diagonal = turnedBy({ x: right * place.width, y: low * place.height }, degrees);
        const length = diagonal.x ** 2 + diagonal.y ** 2;
        const factor = ((diagonal.x + by.x) * diagonal.x + (diagonal.y + by.y) * diagonal.y) / length;
        const scale = this.allowed(Math.max(0.02, factor), place, row);
        const anchor = { x: place.x - diagonal.x / 2, y: place.y - diagonal.y / 2 };
        const wanted = {
            x: anchor.x + (diagonal.x * scale) / 2,
            y: anchor.y + (diagonal.y * scale) / 2,
            width: place.width * scale,
            height: place.height * scale,
        };
        const at = inside(wanted, degrees, this.studio.safe);
        this.placed(layer, at, degrees, { ...this.percent(at), ...this.scaled(scale, place, row) });
    }

    // As near to the factor as the fields and the safe area allow.
    allowed(factor, place, row) {
        const fields = this.studio.data.schema.place;
        const size = documents.isText(row.content) ? [row.place.text_size, fields.text_size] : [this.widthOf(place), fields.width];
        const fitting = shrink({ ...place, width: place.width * factor, height: place.height * factor }, drawnRotation(row), this.studio.safe);
        return clamp(factor * fitting, size[1].low / size[0], size[1].high / size[0]);
    }

    widthOf(place) {
        return (100 * place.width) / this.studio.canvas[0];
    }

    scaled(scale, place, row) {
        if (!documents.isText(row.content)) return { width: round(this.widthOf(place) * scale) };
        const width = clamp(Math.max(row.place.width, this.widthOf(place)) * scale, 1, 100);
        return { text_size: round(row.place.text_size * scale), width: round(width) };
    }

    // For texts: how wide their lines may be. The letters follow when the server has laid them out.
    widenTo(layer, by, side, { place, row }) {
        const along = turnedBy(by, -drawnRotation(row)).x * side;
        const width = round(clamp(this.widthOf(place) + (200 * along) / this.studio.canvas[0], 5, 100));
        documents.setPlace(layer, this.studio.variant, { width });
        this.studio.ask();
        this.studio.notify();
    }

    turnTo(layer, degrees, { place }) {
        const factor = shrink(place, degrees, this.studio.safe);
        const fitted = { ...place, width: place.width * factor, height: place.height * factor };
        this.placed(layer, inside(fitted, degrees, this.studio.safe), degrees, { rotation: round(degrees, 1) });
    }

    placed(layer, at, degrees, values) {
        documents.setPlace(layer, this.studio.variant, values);
        this.studio.expect(layer.id, at, degrees);
        this.studio.notify();
    }

    // --- keys ---

    keyed(event, id) {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const layer = documents.find(this.studio.layers, id);
        const large = event.shiftKey;
        const done = {
            "+": () => this.grow(layer, large ? 5 : 1),
            "=": () => this.grow(layer, 1),
            "*": () => this.grow(layer, 5),
            "-": () => this.grow(layer, -1),
            _: () => this.grow(layer, -5),
            "]": () => this.turn(layer, 1),
            "}": () => this.turn(layer, 15),
            "[": () => this.turn(layer, -1),
            "{": () => this.turn(layer, -15),
            Delete: () => this.studio.data.remove(layer),
            Escape: () => this.studio.select(null),
        }[event.key];
        const arrow = ARROWS[event.key];
        if (!done && !arrow) return;
        event.preventDefault();
        if (!this.studio.editable && event.key !== "Escape") return;
        if (arrow) this.nudge(layer, arrow, large ? LARGE_STEP : SMALL_STEP);
        else done();
    }

    nudge(layer, [right, down], step) {
        if (!this.canMove(layer)) return this.studio.say(this.studio.texts.fixed);
        const seen = this.studio.seenAt(layer);
        const [width, height] = this.studio.canvas;
        const place = middle(this.studio.places.get(layer.id).box);
        const rotation = drawnRotation(this.studio.row(layer));
        const wanted = {
            ...place,
            x: ((seen.x + right * step) * width) / 100,
            y: ((seen.y + down * step) * height) / 100,
        };
        const at = inside(wanted, rotation, this.studio.safe);
        this.studio.expect(layer.id, at, rotation);
        const moved = this.percent(at);
        this.studio.setPlace(layer, right ? { x: moved.x } : { y: moved.y });
        return this.studio.say(this.studio.data.describe(layer));
    }

    grow(layer, step) {
        if (this.studio.row(layer).content.locked) return this.studio.say(this.studio.texts.fixed);
        const row = this.studio.row(layer);
        const name = documents.isText(row.content) ? "text_size" : "width";
        const field = this.studio.data.schema.place[name];
        const by = name === "text_size" ? step / 5 : step;
        this.studio.setPlace(layer, { [name]: round(clamp(row.place[name] + by, field.low, field.high)) });
        return this.studio.say(this.studio.data.describe(layer));
    }

    turn(layer, step) {
        if (!this.canMove(layer) || layer.content.kind === "clip") return this.studio.say(this.studio.texts.fixed);
        const { rotation } = this.studio.row(layer).place;
        const turned = ((((rotation + step + 180) % 360) + 360) % 360) - 180;
        this.studio.setPlace(layer, { rotation: round(turned, 1) });
        return this.studio.say(this.studio.data.describe(layer));
    }

    focus(id) {
        this.nodes.get(id)?.focus();
    }
}

function guide(name, side, percent) {
    const line = element("i", { class: `ed-guide ${name}` });
    line.style[side] = `${percent}%`;
    return line;
}

// Marks and full frames stay upright.
function drawnRotation(row) {
    return row.content.kind === "clip" || documents.isFull(row) ? 0 : row.place.rotation;
}

function turnedBy({ x, y }, degrees) {
    const turn = (degrees * Math.PI) / 180;
    return { x: x * Math.cos(turn) - y * Math.sin(turn), y: x * Math.sin(turn) + y * Math.cos(turn) };
}
