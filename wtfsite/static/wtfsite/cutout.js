// Shows what will be kept of a chosen picture: the same is done on the server when the form is saved.

const REST = 400; // ms after the last change before it is asked for
const FIELDS = /(kind|file|ground|strength|trim)$/;

class Cut {
    constructor(form, prefix) {
        this.field = (name) => form.elements[prefix + name];
        this.token = form.elements.csrfmiddlewaretoken.value;
        this.slider = this.field("strength");
        this.number = document.createElement("output");
        this.status = document.createElement("p");
        this.status.setAttribute("role", "status");
        this.image = document.createElement("img");
        this.image.alt = "";
        this.image.style.maxWidth = "15rem";
        this.image.hidden = true;
        this.slider.after(this.number, this.image, this.status);
    }

    changed() {
        this.number.textContent = this.slider.value;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.ask(), REST);
    }

    async ask() {
        const file = this.field("file").files[0];
        if (!file) return;
        this.question?.abort();
        this.question = new AbortController();
        try {
            const body = this.body(file);
            const response = await fetch(this.slider.dataset.cutout, { method: "POST", body, signal: this.question.signal });
            await this.show(response);
        } catch (error) {
            if (error.name !== "AbortError") this.say(String(error));
        }
    }

    body(file) {
        const body = new FormData();
        body.set("csrfmiddlewaretoken", this.token);
        body.set("file", file);
        for (const name of ["kind", "ground", "strength"]) body.set(name, this.field(name).value);
        if (this.field("trim").checked) body.set("trim", "on");
        return body;
    }

    async show(response) {
        if (!response.ok) return this.say(response.status === 422 ? await response.text() : `${response.status}`);
        const url = URL.createObjectURL(await response.blob());
        if (this.image.src.startsWith("blob:")) URL.revokeObjectURL(this.image.src);
        this.image.src = url;
        this.image.hidden = false;
        this.status.textContent = "";
    }

    say(sentence) {
        this.image.hidden = true;
        this.status.textContent = sentence;
    }
}

const cuts = new Map();

function changed(event) {
    const { form, name } = event.target;
    if (!form || !FIELDS.test(name ?? "")) return;
    const prefix = name.replace(FIELDS, "");
    if (!form.elements[`${prefix}strength`]?.dataset.cutout) return;
    if (!cuts.has(prefix)) cuts.set(prefix, new Cut(form, prefix));
    cuts.get(prefix).changed();
}

document.addEventListener("input", changed);
document.addEventListener("change", changed);
