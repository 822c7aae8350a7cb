const form = document.getElementById("filter");
const questions = [...document.querySelectorAll(".question")];
const words = new Map(questions.map((one) => [one, one.textContent.toLowerCase()]));

function show() {
  const wanted = Object.fromEntries(new FormData(form));
  const text = wanted.text.trim().toLowerCase();
  delete wanted.text;
  let shown = 0;
  for (const one of questions) {
    const fits = Object.entries(wanted).every(([by, value]) => !value || one.dataset[by] === value);
    one.hidden = !fits || !words.get(one).includes(text);
    shown += !one.hidden;
  }
  form.querySelector("output").value = `${shown} of ${questions.length}`;
}

form.hidden = false;
form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
show();
