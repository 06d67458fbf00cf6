// Keeps the status page up to date and sends its forms without leaving it. The page reads, and its buttons work, without this.

const live = get('live');
const said = get('said');

/** Milliseconds by which this machine's clock is ahead of the daemon's, as far as is known. */
let ahead = 0;
/** @type {EventSource | null} */
let source = null;

open();
setInterval(tick, 1_000);
// A page that nobody sees costs the daemon nothing.
document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
document.addEventListener('submit', (event) => {
  if (!(event.target instanceof HTMLFormElement)) return;
  event.preventDefault();
  void send(event.target);
});

function open() {
  if (source !== null) return;
  const opened = new EventSource('/live');
  source = opened;
  opened.addEventListener('section', ({ data }) => {
    const { id, html } = JSON.parse(data);
    show(get(id), html);
  });
  opened.addEventListener('at', ({ data }) => {
    ahead = Date.now() - Number(data);
    get('clock').textContent = timeOf(Number(data));
    tell('on', ', live');
    tick();
  });
  opened.onerror = () => {
    tell('lost', ': not live any more, trying again');
    // It comes back by itself unless it was refused.
    if (opened.readyState === EventSource.CLOSED && source === opened) {
      source = null;
      setTimeout(() => document.hidden || open(), 10_000);
    }
  };
}

function close() {
  source?.close();
  source = null;
  tell('off', ', paused while this page is hidden');
}

/** @param {string} state @param {string} text */
function tell(state, text) {
  if (live.dataset['state'] === state) return;
  live.dataset['state'] = state;
  live.textContent = text;
}

/** @param {HTMLElement} section @param {string} html */
function show(section, html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  const focused = document.activeElement;
  const before = section.textContent;
  follow(section, template.content);
  if (section.id !== 'summary') section.hidden = html === '';
  // What had the focus is gone: to where it is told what became of it, and not to the top.
  if (focused !== null && focused !== document.body && !focused.isConnected) said.focus();
  if (section.id !== 'summary') return;
  const summary = get('said-of-all');
  document.title = `${summary.dataset['title'] ?? ''}taskmirror`;
  // Heard, not seen, and only when it is another.
  if (before !== section.textContent) get('spoken').textContent = summary.textContent;
}

/**
 * Makes the children of one element those of another, and keeps what is there already, with its focus and what is selected in it. Elements
 * with an id are known by that.
 * @param {Node} there @param {Node} next
 */
function follow(there, next) {
  const wanted = new Set([...next.childNodes].map(idOf));
  for (const child of [...there.childNodes]) {
    const id = idOf(child);
    if (id !== '' && !wanted.has(id)) child.remove();
  }
  let old = there.firstChild;
  for (const child of [...next.childNodes]) {
    const id = idOf(child);
    const same = id === '' ? old : [...there.childNodes].find((each) => idOf(each) === id);
    if (!same || same.nodeName !== child.nodeName || idOf(same) !== id) {
      there.insertBefore(child, old);
      continue;
    }
    if (same === old) old = old.nextSibling;
    else there.insertBefore(same, old);
    become(same, child);
  }
  while (old !== null) {
    const rest = old.nextSibling;
    there.removeChild(old);
    old = rest;
  }
}

/** @param {Node} there @param {Node} next */
function become(there, next) {
  if (!(there instanceof Element) || !(next instanceof Element)) {
    if (there.nodeValue !== next.nodeValue) there.nodeValue = next.nodeValue;
    return;
  }
  for (const { name } of [...there.attributes]) if (!next.hasAttribute(name)) there.removeAttribute(name);
  for (const { name, value } of [...next.attributes])
    if (there.getAttribute(name) !== value) there.setAttribute(name, value);
  follow(there, next);
}

/** @param {Node} node */
function idOf(node) {
  return node instanceof Element ? node.id : '';
}

/** @param {HTMLFormElement} form */
async function send(form) {
  if (form.dataset['sending']) return;
  form.dataset['sending'] = 'yes';
  say('Sending …');
  try {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) body.set(name, String(value));
    const answer = await fetch('/', { method: 'POST', headers: { accept: 'application/json' }, body });
    const type = answer.headers.get('content-type') ?? '';
    say(type.includes('json') ? (await answer.json()).said : await answer.text());
  } catch {
    say(
      'The daemon did not answer, so whether it was done is not known: wait until this page is live again.',
    );
  } finally {
    delete form.dataset['sending'];
  }
}

/** @param {string} text */
function say(text) {
  const line = document.createElement('p');
  line.textContent = text;
  const away = document.createElement('button');
  away.type = 'button';
  away.textContent = 'Close';
  away.addEventListener('click', () => said.replaceChildren());
  said.replaceChildren(line, away);
}

function tick() {
  const now = Date.now() - ahead;
  for (const each of document.querySelectorAll('.ago')) {
    const { at, due } = each instanceof HTMLElement ? each.dataset : {};
    const seconds = (Number(at ?? due) - now) / 1_000;
    const text =
      due === undefined ? `${span(-seconds)} ago` : seconds > 0 ? `in ${span(seconds)}` : 'due now';
    if (each.textContent !== text) each.textContent = text;
  }
}

/** As the daemon's own words: `5 m 3 s`, the two largest units. @param {number} seconds */
function span(seconds) {
  let rest = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [unit, size] of /** @type {const} */ ([
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ])) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break;
  }
  return parts.join(' ') || '0 s';
}

/** @param {number} at */
function timeOf(at) {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** @param {string} id */
function get(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no ${id}.`);
  return found;
}
