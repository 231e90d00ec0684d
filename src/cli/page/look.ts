/**
 * The style of a page: light or dark as the reader's system is, readable in print, no colour without a word beside it.
 * A bar is one element whose custom properties say, in percent of the window: `--n` now, `--d` due, `--a` alert.
 */
export const style = `
:root{color-scheme:light dark;--ink:#1c2128;--soft:#59636e;--paper:#fff;--line:#d1d9e0;--past:#c3cdd9;--rest:#e9edf2;
--good:#116329;--soon:#7a4d00;--bad:#b3151f;--alert:#f3c98b;--now:#1c2128;--due:#0550ae}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b3;--paper:#0f141a;--line:#323b45;--past:#475361;
--rest:#252d36;--good:#56d364;--soon:#e3b341;--bad:#ff8a84;--alert:#6b4a12;--now:#fff;--due:#79c0ff}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem;max-width:100rem;color:var(--ink);background:var(--paper);font:.9375rem/1.45 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0 0 .25rem}
h2{font-size:1.1rem;margin:2rem 0 .5rem;overflow-wrap:anywhere}
p{margin:.25rem 0}
td>p:first-child{margin-top:0}
.soft{color:var(--soft)}
.remarks{list-style:none;border-left:4px solid var(--due);padding:.25rem .75rem;margin:1rem 0}
pre{font:.85rem/1.4 ui-monospace,monospace;margin:.25rem 0 .5rem;padding:.4rem .6rem;background:var(--rest);border-radius:6px;white-space:pre-wrap;overflow-wrap:anywhere}
button{float:right;margin:.3rem;font:inherit;font-size:.8rem;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:6px;cursor:pointer}
form{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;align-items:center;margin:1rem 0;padding:.75rem 1rem;border:1px solid var(--line);border-radius:8px}
fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.25rem 1rem}
legend{float:left;padding:0}
input[type=search]{font:inherit;padding:.3rem .5rem;min-width:16rem;color:inherit;background:var(--paper);border:1px solid var(--soft);border-radius:6px}
:focus-visible{outline:3px solid var(--due);outline-offset:2px}
.table{overflow-x:auto}
table{border-collapse:collapse;width:100%;min-width:52rem;table-layout:fixed}
th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--soft);font-size:.85rem}
th:first-child{width:7.75rem}
th:nth-child(2){width:5rem}
th:nth-child(3){width:9rem}
thead th:nth-child(4){width:22%}
th[scope=row]{font-family:ui-monospace,monospace;font-size:.9rem;overflow-wrap:anywhere}
td:first-child{font-weight:600}
td:nth-child(2){white-space:nowrap;font-variant-numeric:tabular-nums}
td:last-child{overflow-wrap:anywhere}
.bad>:first-child{color:var(--bad)}
.soon>:first-child{color:var(--soon)}
.good>:first-child{color:var(--good)}
.quiet>:first-child{color:var(--soft)}
i{display:block;height:.8rem;margin-top:.3rem;border-radius:3px;border-right:2px solid var(--soft);
print-color-adjust:exact;-webkit-print-color-adjust:exact;forced-color-adjust:none;background:
linear-gradient(var(--now),var(--now)) calc(var(--n)*1%) 0/3px 100% no-repeat,
linear-gradient(var(--due),var(--due)) calc(var(--d)*1%) 0/2px 100% no-repeat,
linear-gradient(var(--past),var(--past)) 0 0/calc(var(--n)*1%) 100% no-repeat,
linear-gradient(var(--alert),var(--alert)) 100% 0/calc(100% - var(--a)*1%) 100% no-repeat,var(--rest)}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;color:var(--soft);font-size:.9rem}
.legend i{display:inline-block;width:7rem;margin:0 .5rem 0 0}
[hidden]{display:none!important}
@media print{:root{font-size:11px}form,button{display:none}body{max-width:none;padding:0}.table{overflow:visible}table{min-width:0}tr{break-inside:avoid}}
`;

/**
 * Filters the rows by text and state, and puts a button beside what can be pasted. Without it the page shows all of them.
 * The clipboard of `navigator` is there only over https.
 */
export const script = `
const form = document.querySelector('form');
const rows = [...document.querySelectorAll('tbody tr')].map((row) => ({ row, text: row.textContent.toLowerCase() }));
const sections = [...document.querySelectorAll('section')];
const shown = document.querySelector('output');
const filter = () => {
  const words = form.elements.text.value.toLowerCase().split(/\\s+/);
  const states = new Set([...form.querySelectorAll('[name=state]:checked')].map(({ value }) => value));
  let count = 0;
  for (const { row, text } of rows) {
    const isShown = states.has(row.cells[0].textContent) && words.every((word) => text.includes(word));
    row.hidden = !isShown;
    if (isShown) count += 1;
  }
  for (const section of sections) section.hidden = section.querySelector('tbody tr:not([hidden])') === null;
  shown.textContent = count + ' of ' + rows.length + ' shown';
};
if (form !== null) {
  form.addEventListener('input', filter);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.hidden = false;
  filter();
}
for (const lines of document.querySelectorAll('pre')) {
  const button = document.createElement('button');
  button.textContent = 'Copy';
  lines.before(button);
}
document.addEventListener('click', ({ target }) => {
  if (target.tagName !== 'BUTTON') return;
  getSelection().selectAllChildren(target.nextSibling);
  target.textContent = document.execCommand('copy') ? 'Copied' : 'Selected';
});
`;
