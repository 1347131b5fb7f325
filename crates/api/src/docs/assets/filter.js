// Shows only the operations and bodies that have all the words typed. Without it the page is whole.
'use strict';

const line = document.querySelector('.filter');
const field = document.getElementById('filter');
const told = line.querySelector('output');
const entries = [...document.querySelectorAll('article.operation, article.schema')].map((element) => ({
  element,
  text: element.textContent.toLowerCase(),
  link: document.querySelector(`#contents a[href="#${element.id}"]`)?.parentElement,
}));
const groups = [...document.querySelectorAll('main section, #contents details')];

function filter() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { element, text, link } of entries) {
    const shown = words.every((word) => text.includes(word));
    element.hidden = !shown;
    if (link) link.hidden = !shown;
    if (shown) count += 1;
  }
  for (const group of groups) {
    group.hidden = !group.querySelector('article:not([hidden]), li:not([hidden])');
  }
  told.textContent = words.length ? `${count} of ${entries.length}` : '';
}

// A link to what is filtered out, or lies in something folded, has to lead there all the same.
function follow() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.closest('[hidden]')) {
    field.value = '';
    filter();
    target.scrollIntoView();
  }
}

line.hidden = false;
field.addEventListener('input', filter);
window.addEventListener('hashchange', follow);
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== field && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    field.focus();
  } else if (event.key === 'Escape' && document.activeElement === field) {
    field.value = '';
    filter();
  }
});
