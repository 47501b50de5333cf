// The state of the page: layers, what is selected, which variant, what the server said. Views listen and redraw.

import * as documents from "./document.js";
import { History } from "./history.js";
import { middle, round } from "./geometry.js";

const ASK_AFTER = 90; // ms

export class Studio {
    constructor(data, server, say) {
        this.data = data;
        this.server = server;
        this.say = say; // tells people who do not see the page
        this.editable = data.editable;
        this.texts = data.texts;
        this.variant = data.variant;
        this.token = data.document.token;
        this.layers = documents.withIds(data.document.layers);
        this.saved = structuredClone(this.layers);
        this.history = new History(this.layers);
        this.selected = null;
        this.zones = new Set();
        this.places = new Map(); // by id, for the variant that is shown
        this.safe = null;
        this.notes = [];
        this.problems = [];
        this.asked = 0;
        this.answered = 0;
        this.busy = false; // something is being dragged: what the server says would jump
        this.listeners = [];
    }

    listen(listener) {
        this.listeners.push(listener);
    }

    notify() {
        for (const listener of this.listeners) listener();
    }

    // --- reading ---

    get canvas() {
        const { width, height } = this.data.variants.find(({ value }) => value === this.variant);
        return [width, height];
    }

    get variantLabel() {
        return this.data.variants.find(({ value }) => value === this.variant).label;
    }

    get layer() {
        return documents.find(this.layers, this.selected);
    }

    get dirty() {
        return !documents.same(this.layers, this.saved);
    }

    get settled() {
        return this.asked === this.answered;
    }

    row(layer) {
        return documents.on(layer, this.variant);
    }

    document() {
        return { token: this.token, layers: documents.withoutIds(this.layers) };
    }

    // --- what is looked at ---

    select(id) {
        if (this.selected === id) return;
        this.selected = id;
        this.notify();
    }

    show(variant) {
        this.variant = variant;
        this.places = new Map();
        this.notes = [];
        this.ask(0);
        this.notify();
    }

    toggleZone(id, wanted) {
        if (wanted) this.zones.add(id);
        else this.zones.delete(id);
        this.ask(0);
        this.notify();
    }

    // --- changes ---

    // A finished change. `what` names the thing that changes, so that quick changes of it are one step to undo.
    edit(what, change) {
        if (!this.editable) return;
        change(this.layers);
        this.commit(what);
    }

    // What a drag has changed already becomes one step.
    commit(what = "") {
        if (!documents.same(this.layers, this.history.present)) this.history.push(this.layers, what);
        this.ask();
        this.notify();
    }

    setPlace(layer, values) {
        const what = `${layer.id} ${this.variant} ${Object.keys(values).join(" ")}`;
        this.edit(what, () => documents.setPlace(layer, this.variant, values));
    }

    setContent(layer, values) {
        const what = `${layer.id} ${Object.keys(values).join(" ")}`;
        this.edit(what, () => documents.setContent(layer, this.variant, values));
    }

    undo() {
        this.travel(this.history.undo(), this.texts.undone);
    }

    redo() {
        this.travel(this.history.redo(), this.texts.redone);
    }

    travel(layers, sentence) {
        if (!layers) return;
        this.layers = layers;
        if (!this.layer) this.selected = null;
        this.ask();
        this.notify();
        this.say(sentence);
    }

    // The layers that somebody else saved, as one more step: one undo brings back what was here.
    takeOver(document) {
        this.token = document.token;
        this.layers = documents.withKnownIds(document.layers, this.layers);
        this.saved = structuredClone(this.layers);
        this.commit();
    }

    // --- the server ---

    async save() {
        const sent = structuredClone(this.layers);
        const { document, sentence } = await this.server.save(this.document());
        this.token = document.token;
        if (documents.same(this.layers, sent)) {
            this.layers = documents.withKnownIds(document.layers, this.layers);
            if (!documents.same(this.layers, sent)) this.history.push(this.layers); // texts were cleaned
        }
        this.saved = documents.withKnownIds(document.layers, this.layers);
        this.problems = [];
        this.notify();
        return sentence;
    }

    // Asks where everything is now. Answers to older questions are dropped.
    ask(after = ASK_AFTER) {
        clearTimeout(this.timer);
        this.asked += 1;
        this.timer = setTimeout(() => this.askNow(), after);
    }

    async askNow() {
        const number = this.asked;
        const ids = new Map(this.layers.map((layer) => [layer.name, layer.id]));
        this.question?.abort();
        this.question = new AbortController();
        try {
            const answer = await this.server.boxes(this.document(), this.variant, [...this.zones], this.question.signal);
            if (number === this.asked) this.placed(answer, ids);
        } catch (error) {
            if (error.name === "AbortError" || number !== this.asked) return;
            this.problems = error.problems?.length ? error.problems : [{ path: "", sentence: error.message }];
        }
        if (number !== this.asked) return;
        this.answered = number;
        this.notify();
    }

    placed(answer, ids) {
        this.problems = [];
        this.notes = answer.notes;
        this.safe = answer.safe;
        const places = Object.entries(answer.layers).map(([name, place]) => [ids.get(name), place]);
        this.places = new Map(places);
    }

    // What a drag expects the server to say, until it has said it.
    expect(id, place, rotation) {
        const known = this.places.get(id);
        const [width, height] = this.canvas;
        const box = [place.x - place.width / 2, place.y - place.height / 2, place.width, place.height];
        const centre = [(100 * place.x) / width, (100 * place.y) / height];
        this.places.set(id, { ...known, box, centre, rotation });
    }

    // Where the middle of a layer is seen, in percent: what was asked for, unless the render puts it elsewhere.
    seenAt(layer) {
        const row = this.row(layer);
        const place = this.places.get(layer.id);
        if (!place) return { x: row.place.x, y: row.place.y };
        const [width, height] = this.canvas;
        const at = middle(place.box);
        const seen = { x: (100 * at.x) / width, y: (100 * at.y) / height };
        return {
            x: Math.abs(seen.x - row.place.x) < 0.15 ? row.place.x : round(seen.x),
            y: Math.abs(seen.y - row.place.y) < 0.15 ? row.place.y : round(seen.y),
        };
    }
}
