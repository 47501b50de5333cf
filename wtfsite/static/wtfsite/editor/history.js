// Undo and redo: whole states of the layers. They are small, and a copy cannot be half undone.

const LONGEST = 200;
const PAUSE = 900; // ms: changes of one thing that follow faster are one step

export class History {
    constructor(layers) {
        this.past = [];
        this.future = [];
        this.present = structuredClone(layers);
        this.last = { what: "", at: 0 };
    }

    // Remembers a finished change. `what` names the thing that changed, for example "layer-1 x"; "" never joins.
    push(layers, what = "", now = performance.now()) {
        const joins = what && what === this.last.what && now - this.last.at < PAUSE && this.past.length > 0;
        if (!joins) {
            this.past.push(this.present);
            if (this.past.length > LONGEST) this.past.shift();
        }
        this.present = structuredClone(layers);
        this.future = [];
        this.last = { what, at: now };
    }

    undo() {
        return this.step(this.past, this.future);
    }

    redo() {
        return this.step(this.future, this.past);
    }

    // The layers as they are after the step; null when there is none.
    step(from, to) {
        if (!from.length) return null;
        to.push(this.present);
        this.present = from.pop();
        this.last = { what: "", at: 0 };
        return structuredClone(this.present);
    }
}
