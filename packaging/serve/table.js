/* table: a table and the links to its pages. The server sorts the rows. Updated rows keep the focus. */
import { make, say } from './dom.js';
import { number, t } from './texts.js';

/* columns: [{ name, sort, class, fill(row) }]: sort: the name of the order at the API, or nothing; fill: what the cell
 * has. key(row): tells rows apart. onSort(sort). onOpen(row): a row was clicked. Returns
 * { node, show(rows, sort, order, none) }: none: what is said without rows, instead of empty. */
export function table({ caption, columns, empty, key, onSort, onOpen }) {
  const head = make('tr'), body = make('tbody');
  const whole = make('table', { role: 'table' }, make('caption', {}, caption), make('thead', {}, head), body);
  const nothing = make('p', { class: 'nothing', hidden: true });
  const node = make('div', { class: 'table' }, whole, nothing);
  let shown = new Map();

  const heads = columns.map((column) => {
    const button = column.sort && onSort ? make('button', { type: 'button', on: { click: () => onSort(column.sort) } },
      column.name) : make('span', {}, column.name);
    const cell = make('th', { scope: 'col', role: 'columnheader', class: column.class }, button);
    head.append(cell);
    return cell;
  });

  function line(row) {
    const cells = columns.map((column) => make('td', { role: 'cell', class: column.class, 'data-label': column.name },
      column.fill(row)));
    const made = make('tr', { role: 'row', class: onOpen ? 'opens' : null, 'data-key': key(row) }, cells);
    if (onOpen) made.addEventListener('click', (event) => {
      if (event.target.closest('a, button, audio, input, details') || String(getSelection()) !== '') return;
      onOpen(row);
    });
    return made;
  }

  /* Rows that did not change keep their elements, and so focus and open details. A row with a player, or that fetches a
   * recording, keeps them even if it did change: the sound must not end. */
  const isKept = (old, text) => old !== undefined && (old.text === text
    || old.made.querySelector('audio:not([hidden]), [aria-busy]') !== null);

  function show(rows, sort, order, none = empty) {
    say(nothing, none);
    const next = new Map();
    const lines = rows.map((row) => {
      const name = key(row), text = JSON.stringify(row), old = shown.get(name);
      const now = isKept(old, text) ? old : { text, made: line(row) };
      next.set(name, now);
      return now.made;
    });
    const focused = document.activeElement?.closest('tr');
    const lost = body.contains(focused) && !lines.includes(focused) ? focused.dataset.key : null;
    const kept = new Set(lines);
    for (const old of [...body.children]) if (!kept.has(old)) old.remove();
    lines.forEach((one, i) => {
      if (body.children[i] !== one) body.insertBefore(one, body.children[i] ?? null);
    });
    shown = next;
    if (lost !== null) next.get(lost)?.made.querySelector('a, button')?.focus();
    whole.hidden = rows.length === 0;
    nothing.hidden = rows.length > 0;
    columns.forEach((column, i) => {
      if (column.sort && column.sort === sort) heads[i].setAttribute('aria-sort', order === 'asc' ? 'ascending'
        : 'descending');
      else heads[i].removeAttribute('aria-sort');
    });
  }
  return { node, show };
}

/* Pages. onPage(page). show(page, size, shown, total): total null: not known. */
export function pager(onPage) {
  const said = make('span', { role: 'status' });
  const names = ['page.first', 'page.back', 'page.next', 'page.last'];
  let page = 1, last = 1;
  const go = [() => 1, () => page - 1, () => page + 1, () => last];
  const buttons = names.map((name, i) => make('button', { type: 'button',
    on: { click: () => onPage(go[i]()) } }, t(name)));
  const node = make('div', { class: 'foot' }, said, make('div', { class: 'buttons' }, buttons));

  function show(now, size, shown, total) {
    page = now;
    const from = (page - 1) * size;
    last = total !== null ? Math.max(1, Math.ceil(total / size)) : shown === size ? page + 1 : page;
    const values = { from: number(shown > 0 ? from + 1 : 0), to: number(from + shown), total: number(total ?? 0) };
    said.textContent = total !== null ? t('page.of', values) : t('page.some', values);
    node.hidden = shown === 0 && page === 1;
    buttons.forEach((button, i) => {
      const off = i < 2 ? page <= 1 : page >= last;
      // A button that loses its purpose keeps the focus in the group.
      if (off && document.activeElement === button) buttons[i < 2 ? 2 : 1].focus();
      button.disabled = off;
    });
    buttons[3].hidden = total === null;
  }
  return { node, show };
}
