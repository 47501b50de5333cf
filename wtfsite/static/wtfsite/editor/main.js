// The layout editor. What it knows stands in the page as JSON; see brands/editor.py.
//
//     Studio (state) -- tells --> Canvas, List, Panel, Notes, Backdrop (views)
//       |                              |
//       +-- asks --> Server            +-- change the Studio

import { Backdrop } from "./backdrop.js";
import { Canvas } from "./canvas.js";
import * as documents from "./document.js";
import { round } from "./geometry.js";
import { List } from "./list.js";
import { fill } from "./nodes.js";
import { Notes } from "./notes.js";
import { Panel } from "./panel.js";
import { Pictures } from "./pictures.js";
import { Server } from "./server.js";
import { Studio } from "./studio.js";

const ZONES_KEY = "wtf-studio-zones";

const page = document.querySelector("[data-editor]");
const data = JSON.parse(document.getElementById("editor-data").textContent);
const texts = data.texts;
const live = page.querySelector("[data-live]");
const status = page.querySelector("[data-status]");
const token = page.querySelector("[name=csrfmiddlewaretoken]").value;
const studio = new Studio(data, new Server(data.urls, token, texts), say);
const pictures = new Pictures(studio.server, () => canvas.refresh());
const canvas = new Canvas(page.querySelector("[data-stage]"), studio, pictures);
const panel = new Panel(page.querySelector("[data-panel]"), studio, canvas);

data.describe = describe;
data.remove = remove;
data.duplicate = duplicate;
studio.complain = (sentence) => tell(sentence, "bad");
new List(page.querySelector("[data-list]"), studio);
new Notes(page.querySelector("[data-notes]"), studio, canvas);
if (data.urls.videos) new Backdrop(page, studio);

function say(sentence) {
    live.textContent = live.textContent === sentence ? `${sentence} ` : sentence;
}

function tell(sentence, tone = "") {
    status.textContent = sentence;
    status.dataset.tone = tone;
}

// A layer in words, for those who do not see the page.
function describe(layer) {
    const row = studio.row(layer);
    if (!row) return fill(texts.describeNone, { name: layer.name });
    if (!row.place.visible) return fill(texts.describeHidden, { name: layer.name });
    if (documents.isFull(row)) return fill(texts.describeFull, { name: layer.name, width: round(row.place.width, 1) });
    const seen = studio.seenAt(layer);
    const values = { name: layer.name, x: round(seen.x, 1), y: round(seen.y, 1), rotation: round(row.place.rotation, 1) };
    const size = documents.isText(row.content) ? row.place.text_size : row.place.width;
    return fill(texts.describe, { ...values, size: round(size, 1) });
}

// --- layers ---

function remove(layer) {
    if (!studio.editable || !layer) return;
    studio.edit("", (layers) => documents.remove(layers, layer.id));
    studio.select(null);
    say(fill(texts.removed, { name: layer.name }));
    page.querySelector("[data-add]").focus();
}

function duplicate(layer) {
    let made = null;
    studio.edit("", (layers) => (made = documents.copy(layers, layer.id)));
    studio.select(made.id);
    say(fill(texts.added, { name: made.name }));
}

function usual(part) {
    return Object.fromEntries(Object.values(data.schema[part]).map((field) => [field.name, field.default]));
}

const NEW = {
    image: () => ({ name: "logo", content: { artwork_kind: data.pictures[0] ?? "logo" }, place: { x: 50, y: 50, width: 30 } }),
    text: () => ({ name: "text", content: { text: texts.newText }, place: { x: 50, y: 50, width: 80 } }),
    credit: () => ({ name: "credit", content: { text: texts.newCredit }, place: { x: 50, y: 90, width: 80, text_size: 3 } }),
    clip: () => ({ name: "mark", content: {}, place: { x: 50, y: 50, width: 30 } }),
};

function add(kind) {
    const { name, content, place } = NEW[kind]();
    let made = null;
    studio.edit("", (layers) => {
        made = documents.add(layers, name, { ...usual("content"), kind, ...content }, { ...usual("place"), ...place });
    });
    studio.select(made.id);
    say(fill(texts.added, { name: made.name }));
    panel.name.focus();
    panel.name.select();
}

// --- saving ---

const dialog = page.querySelector("[data-conflict]");
const buttons = Object.fromEntries([...page.querySelectorAll("[data-act]")].map((node) => [node.dataset.act, node]));
let newer = null;

async function save() {
    if (!studio.editable || buttons.save.disabled) return;
    buttons.save.disabled = true;
    tell(texts.saving);
    try {
        tell(await studio.save(), "good");
    } catch (error) {
        refused(error);
    }
    refreshButtons();
}

function refused(error) {
    tell(error.message, "bad");
    if (error.document) {
        newer = error.document;
        dialog.showModal();
    } else if (error.problems?.length) {
        studio.problems = error.problems;
        studio.notify();
    }
}

function refreshButtons() {
    page.dataset.settled = studio.settled;
    if (!studio.editable) return;
    buttons.undo.disabled = !studio.history.past.length;
    buttons.redo.disabled = !studio.history.future.length;
    buttons.save.disabled = !studio.dirty;
    if (studio.dirty && !status.dataset.tone) tell(texts.unsaved);
    if (studio.dirty && status.dataset.tone === "good") tell(texts.unsaved);
    if (!studio.dirty && status.textContent === texts.unsaved) tell("");
}

function takeTheirs() {
    dialog.close();
    studio.takeOver(newer);
    tell(texts.theirsShown);
}

async function copyMine() {
    try {
        await navigator.clipboard.writeText(JSON.stringify(studio.document(), null, 2));
        tell(texts.copied, "good");
    } catch {
        tell(texts.notCopied, "bad");
    }
}

// --- variants and zones ---

const tabs = [...page.querySelectorAll("[data-variant]")];

function show(tab) {
    studio.show(tab.dataset.variant);
    for (const other of tabs) {
        other.setAttribute("aria-selected", other === tab);
        other.tabIndex = other === tab ? 0 : -1;
    }
    page.querySelector("[data-tabpanel]").setAttribute("aria-labelledby", tab.id);
    history.replaceState(null, "", `?variant=${tab.dataset.variant}`);
    say(fill(texts.nowVariant, { variant: studio.variantLabel }));
}

function walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = tabs.indexOf(event.currentTarget);
    const ends = { Home: 0, End: tabs.length - 1 };
    const to = step ? (at + step + tabs.length) % tabs.length : ends[event.key];
    if (to === undefined) return;
    event.preventDefault();
    tabs[to].focus();
    show(tabs[to]);
}

// How many layers have a place of their own on each variant.
function refreshTabs() {
    for (const tab of tabs) {
        const own = studio.layers.filter((layer) => documents.hasOwnPlace(layer, tab.dataset.variant)).length;
        const badge = tab.querySelector("[data-own]");
        badge.textContent = own;
        badge.hidden = !own;
        badge.title = fill(texts.ownCount, { count: own });
    }
}

function refreshZones() {
    for (const node of page.querySelectorAll("[data-zone]")) node.hidden = node.dataset.zoneVariant !== studio.variant;
    const some = data.zones.some((zone) => zone.variant === studio.variant);
    page.querySelector("[data-no-zones]").hidden = some;
}

function rememberZones() {
    localStorage.setItem(ZONES_KEY, JSON.stringify([...studio.zones]));
}

function recallZones() {
    let kept = [];
    try {
        kept = JSON.parse(localStorage.getItem(ZONES_KEY) ?? "[]");
    } catch {
        localStorage.removeItem(ZONES_KEY);
    }
    for (const box of page.querySelectorAll("[data-zone] input")) {
        box.checked = Array.isArray(kept) && kept.includes(Number(box.value));
        if (box.checked) studio.zones.add(Number(box.value));
    }
}

// --- putting it together ---

function shortcut(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || dialog.open) return;
    const key = event.key.toLowerCase();
    const act = { z: event.shiftKey ? "redo" : "undo", y: "redo", s: "save" }[key];
    if (!act || !studio.editable) return;
    event.preventDefault();
    if (act === "save") save();
    else studio[act]();
}

for (const tab of tabs) {
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", walk);
}
for (const box of page.querySelectorAll("[data-zone] input")) {
    box.addEventListener("change", () => {
        studio.toggleZone(Number(box.value), box.checked);
        rememberZones();
    });
}
for (const button of page.querySelectorAll("[data-add]")) button.addEventListener("click", () => add(button.dataset.add));
page.querySelector("[data-snap]")?.addEventListener("change", (event) => (canvas.snapping = event.target.checked));
if (studio.editable) {
    buttons.save.addEventListener("click", save);
    buttons.undo.addEventListener("click", () => studio.undo());
    buttons.redo.addEventListener("click", () => studio.redo());
    buttons.theirs.addEventListener("click", takeTheirs);
    buttons.copy.addEventListener("click", copyMine);
    buttons.close.addEventListener("click", () => dialog.close());
}
document.addEventListener("keydown", shortcut);
window.addEventListener("beforeunload", (event) => studio.dirty && event.preventDefault());
studio.listen(refreshButtons);
studio.listen(refreshTabs);
studio.listen(refreshZones);
recallZones();
studio.ask(0);
studio.notify();
