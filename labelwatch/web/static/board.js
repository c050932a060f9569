// Keeps an open page up to date without losing the reader's place, and copies letters.
"use strict";

const seconds = Number(document.body.dataset.refresh);

function isBusy() {
  const at = document.activeElement;
  const types = at && at.matches("input, select, textarea") && at.closest("main");
  const marks = String(window.getSelection()) !== "";
  const edited = [...document.querySelectorAll("main form :is(input, textarea, select)")].some((one) =>
    one.options ? !one.selectedOptions[0]?.defaultSelected && one.selectedIndex > 0 : one.value !== one.defaultValue);
  return types || marks || edited;
}

// Which of the elements of its kind it is: the same one is found again on the new page.
function placeOf(element) {
  if (!element || !element.closest("main")) return null;
  const key = element.getAttribute("href") || element.id;
  const name = element.tagName.toLowerCase();
  return { name, key, n: [...document.querySelectorAll(`main ${name}`)].indexOf(element) };
}

function find(place, within) {
  const all = [...within.querySelectorAll(place.name)];
  return all.find((one) => place.key && (one.getAttribute("href") || one.id) === place.key) || all[place.n];
}

function swap(fresh) {
  const main = document.querySelector("main");
  const next = fresh.querySelector("main");
  const asOf = document.getElementById("asof");
  const nextAsOf = fresh.getElementById("asof");
  if (!next || !asOf || !nextAsOf) return window.location.reload(); // another page answers: a login
  asOf.replaceWith(nextAsOf);
  document.title = fresh.title;
  if (main.innerHTML === next.innerHTML) return undefined;
  const focus = placeOf(document.activeElement);
  const open = [...main.querySelectorAll("details")].map((one) => one.open);
  const scrolled = window.scrollY;
  const flash = main.querySelector(".flash");
  main.replaceChildren(...(flash ? [flash] : []), ...next.childNodes);
  main.querySelectorAll("details").forEach((one, n) => { one.open = open[n] ?? one.open; });
  if (focus) find(focus, main)?.focus({ preventScroll: true });
  window.scrollTo(0, scrolled);
  return prepare();
}

async function refresh() {
  if (document.visibilityState !== "visible" || isBusy()) return;
  try {
    const answer = await fetch(window.location.href, { cache: "no-store", signal: AbortSignal.timeout(seconds * 1000) });
    if (answer.status >= 500) throw new Error(String(answer.status));
    const text = await answer.text();
    if (isBusy()) return;
    swap(new DOMParser().parseFromString(text, "text/html"));
  } catch {
    const lost = document.querySelector(".lost");
    if (lost) lost.hidden = false;
  }
}

async function copy(button) {
  const letter = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(letter.textContent);
  } catch { // only https and this machine may write there: select it and ask the old way
    window.getSelection().selectAllChildren(letter);
    if (!document.execCommand("copy")) return;
    window.getSelection().removeAllRanges();
  }
  const before = button.textContent;
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = before; }, 2000);
}

function prepare() {
  document.querySelectorAll("button[data-copy]").forEach((button) => { button.hidden = false; });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button) copy(button);
});
document.addEventListener("visibilitychange", refresh);
prepare();
if (seconds > 0) setInterval(refresh, seconds * 1000);
