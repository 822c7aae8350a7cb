// The page for staff: search and ask, see why, read the whole document. What the service sends
// becomes nodes as in the box, by nodes.js, which the page loads first.

const ROOT = document.body.dataset.root;
const SHOWN = 10; // passages of a search
const HELP = {
  dense: "How near in meaning, from -1 to 1",
  lexical: "How well the words match (BM25)",
  fused: "Both together, before scaling",
  precedence: "Gained or lost for the kind of source",
};
const $ = (id) => document.getElementById(id);
const query = $("query");

// ---------------------------------------------------------------- what is said

function place(item) {
  return item.page ? `page ${item.page}` : item.heading.join(" › ");
}

function say(message, bad = false) {
  $("status").textContent = message;
  $("status").classList.toggle("bad", bad);
}

// ---------------------------------------------------------------- the service

class Refused extends Error {}

async function api(path, { body, signal } = {}) {
  const headers = {};
  const key = sessionStorage.getItem("shelftalk-key");
  if (key) headers.authorization = `Bearer ${key}`;
  if (body) headers["content-type"] = "application/json";
  const request = { method: body ? "POST" : "GET", headers, signal };
  if (body) request.body = JSON.stringify(body);
  const response = await fetch(ROOT + path, request).catch(() => {
    throw new Error("The service cannot be reached.");
  });
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? `The service answered ${response.status}.`;
  throw response.status === 401 || response.status === 403 ? new Refused(detail) : new Error(detail);
}

const running = {}; // by the place in the page that will show what comes of it

/** Run it in the stead of what still runs for that place. What goes wrong is said, and a missing key asked for. */
async function attempt(where, task) {
  running[where]?.abort();
  const { signal } = (running[where] = new AbortController());
  try {
    await task(signal);
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof Refused) askForKey(error.message);
    else say(error.message, true);
  }
}

function askForKey(why) {
  say("");
  $("key-why").textContent = why;
  $("key").hidden = false;
}

$("key").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("shelftalk-key", $("key-value").value.trim());
  $("key-value").value = "";
  $("key").hidden = true;
  begin();
});

// ---------------------------------------------------------------- search and ask

function asked() {
  const form = new FormData(query);
  const body = { question: form.get("q").trim() };
  const members = { product: "product_id", locale: "locale", as_of: "as_of" };
  for (const [name, member] of Object.entries(members)) {
    if (form.get(name).trim()) body[member] = form.get(name).trim();
  }
  if (form.getAll("kind").length) body.kinds = form.getAll("kind");
  return body;
}

query.addEventListener("submit", (event) => {
  event.preventDefault();
  find(event.submitter?.value ?? "search");
});

function find(act) {
  const parameters = new URLSearchParams(
    [...new FormData(query)].filter(([name, value]) => name !== "act" && value.trim()),
  );
  parameters.set("act", act);
  history.replaceState(null, "", `?${parameters}`); // so that it can be sent to a colleague
  say(act === "ask" ? "Asking…" : "Searching…");
  $("answer").hidden = true;
  $("results").replaceChildren();
  return attempt("results", async (signal) => {
    if (act === "ask") {
      const answer = await api("v1/ask", { body: asked(), signal });
      showAnswer(answer);
      showPassages(answer.passages);
    } else {
      showPassages((await api("v1/search", { body: { ...asked(), k: SHOWN }, signal })).passages);
    }
  });
}

function showAnswer(answer) {
  const cited = new Map(answer.citations.map((citation) => [citation.number, citation]));
  const said = answer.statements.map((statement) =>
    make(
      "p",
      { dir: "auto" },
      statement.text,
      ...statement.citations
        .filter((number) => cited.has(number))
        .map((number) => {
          const citation = cited.get(number);
          const label = `Source ${number}: ${citation.title}`;
          return make("button", { type: "button", class: "mark", "aria-label": label, onclick: () => open(citation) }, String(number));
        }),
    ),
  );
  const facts = [answer.status, answer.model, `${Math.round(answer.timings_ms.total ?? 0)} ms`];
  if (typeof answer.confidence === "number") facts.splice(1, 0, `${Math.round(100 * answer.confidence)} % sure`);
  if (answer.degraded) facts.push("the language model failed");
  $("answer").replaceChildren(
    ...(said.length ? said : [make("p", { dir: "auto" }, answer.answer)]),
    ...answer.conflicts.map((conflict) => make("p", { dir: "auto" }, `The documents differ: ${conflict}`)),
    make("p", { class: "hint" }, facts.join(" · ")),
  );
  $("answer").hidden = false;
}

function showPassages(passages) {
  const most = {};
  for (const { scores } of passages) {
    for (const [name, value] of Object.entries(scores)) most[name] = Math.max(most[name] ?? 0, Math.abs(value));
  }
  $("results").replaceChildren(...passages.map((passage) => result(passage, most)));
  const ids = new Set(passages.flatMap((passage) => passage.product_ids));
  $("products").replaceChildren(...[...ids].sort().map((id) => make("option", { value: id })));
  say(passages.length ? `${passages.length} passages` : "Nothing was found. Fewer filters may help.");
}

function result(passage, most) {
  const item = make("li");
  const show = () => open(passage, item);
  item.append(
    make(
      "div",
      { class: "head" },
      make("span", { class: "rank" }, String(passage.rank)),
      make("button", { type: "button", class: "plain", dir: "auto", onclick: show }, passage.title),
      make("span", { class: "kind" }, passage.kind),
      make("span", { class: "hint" }, [place(passage), passage.product_ids.join(", ")].filter(Boolean).join(" · ")),
    ),
    make("p", { class: passage.text.length > 400 ? "text" : "text whole", dir: "auto" }, passage.text),
    why(passage, most),
  );
  return item;
}

/** The score and its parts; each bar's length is relative to the largest of its name. */
function why({ score, scores }, most) {
  const parts = Object.entries(scores).map(([name, value]) => {
    const bar = make("i", { "aria-hidden": "true" });
    bar.style.setProperty("--share", most[name] ? Math.max(value, 0) / most[name] : 0);
    return make("div", { title: HELP[name] }, make("dt", {}, name), bar, make("dd", {}, value.toFixed(2)));
  });
  const total = make("div", {}, make("dt", {}, "score"), make("dd", {}, score.toFixed(3)));
  return make("dl", { class: "why", "aria-label": "Why it ranks here" }, total, ...parts);
}

// ---------------------------------------------------------------- the whole document

function open(at, item) {
  for (const other of $("results").children) other.classList.toggle("open", other === item);
  return attempt("document", async (signal) => {
    const whole = await api(`v1/documents/${encodeURIComponent(at.document_id)}`, { signal });
    const original = address(whole.url)?.href;
    const facts = {
      kind: whole.kind,
      source: whole.source,
      products: whole.product_ids.join(", "),
      variants: whole.variant_ids.join(", "),
      language: whole.locale,
      "in force": [whole.effective_from, whole.effective_until].map((day) => day ?? "…").join(" – "),
      version: whole.version,
    };
    if (!whole.effective_from && !whole.effective_until) delete facts["in force"];
    const told = Object.entries(facts)
      .filter(([, value]) => value)
      .flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
    $("document").replaceChildren(
      make("h2", { dir: "auto" }, whole.title),
      make("dl", {}, ...told),
      original ? make("a", { href: original, target: "_blank", rel: "noopener noreferrer" }, "Open the original") : "",
      ...pages(whole, at),
    );
    const quote = $("document").querySelector("mark");
    const same = Array.from(whole.text).slice(at.start, at.end).join("") === (at.quote ?? at.text);
    const panel = $("document");
    if (panel.scrollHeight > panel.clientHeight) panel.scrollTop = (quote?.offsetTop ?? 0) - panel.clientHeight / 3;
    else quote?.scrollIntoView({ block: "center" });
    if (same) say(`${whole.title}: the passage is marked.`);
    else say("The document has changed since this was found; search again.", true);
  });
}

/** The text, page by page, with characters start to end marked. Offsets count code points. */
function pages(whole, { start, end }) {
  const text = Array.from(whole.text);
  const slice = (from, to) => text.slice(from, to).join("");
  const parts = whole.pages.length ? whole.pages : [{ start: 0, end: text.length }];
  return parts.flatMap((page) => {
    const from = Math.min(Math.max(start, page.start), page.end);
    const to = Math.max(Math.min(end, page.end), from);
    const here = to > from;
    const body = make("div", { class: "body", dir: "auto" });
    if (!here) body.append(slice(page.start, page.end).trim());
    else body.append(slice(page.start, from).trimStart(), make("mark", {}, slice(from, to)), slice(to, page.end).trimEnd());
    const number = page.number && make("p", { class: here ? "page now" : "page" }, `Page ${page.number}`);
    return number ? [number, body] : [body];
  });
}

// ---------------------------------------------------------------- what was not answered

async function showUnanswered() {
  const { questions } = await api("v1/unanswered?limit=20");
  const items = questions.map(({ question, product_id, at, times }) => {
    const again = () => {
      query.reset();
      query.elements.q.value = question;
      query.elements.product.value = product_id ?? "";
      find("search");
      query.elements.q.focus();
    };
    const facts = [product_id, times > 1 && `${times} times`, new Date(at).toLocaleString()];
    return make(
      "li",
      {},
      make("button", { type: "button", class: "plain", dir: "auto", onclick: again }, question),
      make("span", { class: "hint" }, facts.filter(Boolean).join(" · ")),
    );
  });
  $("unanswered").querySelector("ul").replaceChildren(...items);
  $("unanswered").hidden = !items.length;
}

async function showIndex(signal) {
  const { documents, chunks, products, generation } = await api("v1/index", { signal });
  $("generation").textContent = `${documents} documents, ${chunks} passages, ${products} products · generation ${generation}`;
}

// ---------------------------------------------------------------- the beginning

function begin() {
  attempt("index", showIndex);
  showUnanswered().catch(() => {}); // needs more rights than looking things up
  const parameters = new URLSearchParams(location.search);
  for (const name of ["q", "product", "locale", "as_of"]) query.elements[name].value = parameters.get(name) ?? "";
  for (const box of query.querySelectorAll("[name=kind]")) box.checked = parameters.getAll("kind").includes(box.value);
  if (parameters.get("q")) find(parameters.get("act"));
}

begin();
