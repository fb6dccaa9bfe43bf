/* chart: bars or lines by hour or day, as SVG. The mouse, a finger or the arrow keys choose a bar; its values are told
 * in a box, and all values are in a table below. */
import { draw, make } from './dom.js';
import { clock, day, number, percent, t, weekday } from './texts.js';

const HEIGHT = 190, UP = 8, DOWN = 20, RIGHT = 4;
const DAY = 86400;

/* The steps of an axis from 0 to most: three or four steps of 1, 2 or 5 times a power of ten. */
function ticks(most) {
  const rough = Math.max(most, 1) / 3.5, power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].find((size) => size * power >= rough) * power);
  const list = [0];
  while (list[list.length - 1] < Math.max(most, 1)) list.push(list[list.length - 1] + step);
  return list;
}

/* The bars of a day may begin some hours beside midnight, where the clocks changed in between. */
const dayOf = (at) => at + DAY / 2;
const barName = (bar, seconds) => (seconds < DAY
  ? `${weekday(bar.at)}, ${clock(bar.at)}–${clock(bar.at + seconds)}` : weekday(dayOf(bar.at)));

/* spec: { id, title, sub, lines, share }: lines instead of stacked bars; share: values are from 0 to 1.
 * set({ seconds, bars, series }): bars: [{ at, values: [one for each series, or null] }], oldest first;
 * series: [{ name, colour, total }], where total is the text beside the name. Returns { node, set }. */
export function chart(spec) {
  const legend = make('ul', { class: 'legend' });
  const plot = draw('svg', { class: 'plot', role: 'img', tabindex: '0' });
  const tip = make('div', { class: 'tip', role: 'status', hidden: true });
  const details = make('details', {}, make('summary', {}, t('chart.table')));
  const node = make('figure', { class: 'panel', id: spec.id },
    make('figcaption', {}, spec.title, make('small', {}, spec.sub)), legend, plot, tip, details);
  const format = spec.share ? percent : number;
  let data = { seconds: 3600, bars: [], series: [] }, chosen = -1, place = null;

  const most = () => Math.max(0, ...data.bars.map(({ values }) => (spec.lines
    ? Math.max(...values.map((value) => value ?? 0)) : values.reduce((sum, value) => sum + (value ?? 0), 0))));

  function drawAxes(width, marks) {
    const left = 12 + Math.max(...marks.map((mark) => format(mark).length)) * 6.5;
    place = { left, width, base: HEIGHT - DOWN, high: HEIGHT - DOWN - UP, top: marks[marks.length - 1],
      step: (width - left - RIGHT) / data.bars.length };
    for (const mark of marks) {
      const y = Math.round(place.base - place.high * mark / place.top);
      plot.append(draw('line', { class: mark ? 'grid' : 'base', x1: left, x2: width - RIGHT, y1: y, y2: y }),
        draw('text', { x: left - 6, y: y + 4, 'text-anchor': 'end' }, format(mark)));
    }
    drawTimes();
  }
  /* Midnights, the hours of a single day, or days: as many as have room. */
  function drawTimes() {
    const byDay = data.seconds >= DAY, isShort = data.bars.length <= 26;
    let free = place.left;
    data.bars.forEach(({ at }, i) => {
      const hour = new Date(at * 1000).getHours(), isMidnight = byDay || hour === 0;
      if (!isMidnight && (!isShort || hour % 6 !== 0)) return;
      const x = place.left + i * place.step, text = isMidnight ? day(byDay ? dayOf(at) : at) : clock(at);
      if (isMidnight && !byDay)
        plot.append(draw('line', { class: 'grid', x1: x, x2: x, y1: UP, y2: place.base + 5 }));
      if (x < free) return;
      const from = x + (byDay ? 0 : 3), label = draw('text', { x: from, y: HEIGHT - 4 }, text);
      plot.append(label);
      free = from + label.getComputedTextLength() + 12;
      if (free - 12 > place.width) label.remove();
    });
  }
  function drawBars() {
    const width = Math.max(1, place.step - (place.step > 4 ? 1.5 : 0.5));
    data.bars.forEach(({ values }, i) => {
      let y = place.base;
      values.forEach((value, s) => {
        if (!value) return;
        const high = place.high * value / place.top;
        y -= high;
        plot.append(draw('rect', { class: `k-${data.series[s].colour}`, y: y.toFixed(1), width: width.toFixed(1),
          x: (place.left + i * place.step).toFixed(1), height: Math.max(high, 0.8).toFixed(1) }));
      });
    });
  }
  /* A line ends where a value is not known; a value alone is a dot. */
  function drawLines() {
    data.series.forEach((series, s) => {
      const points = data.bars.map(({ values }, i) => (values[s] === null ? null
        : [place.left + (i + 0.5) * place.step, place.base - place.high * values[s] / place.top]
          .map((one) => one.toFixed(1))));
      let path = '';
      points.forEach((point, i) => {
        if (point === null) return;
        path += `${points[i - 1] ? 'L' : 'M'}${point.join(' ')}`;
        if (!points[i - 1] && !points[i + 1])
          plot.append(draw('circle', { class: `k-${series.colour}`, cx: point[0], cy: point[1], r: 2.5 }));
      });
      plot.append(draw('path', { class: `line l-${series.colour}`, d: path || 'M0 0' }));
    });
  }
  function redraw() {
    const width = plot.clientWidth || 320;
    plot.replaceChildren();
    plot.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    drawAxes(width, spec.share ? [0, 0.25, 0.5, 0.75, 1] : ticks(most()));
    place.mark = draw('rect', { class: 'mark', y: UP, height: place.high, width: place.step, visibility: 'hidden' });
    plot.append(place.mark);
    (spec.lines ? drawLines : drawBars)();
  }

  function tell(bar) {
    const rows = [barName(bar, data.seconds)];
    if (!spec.lines) rows.push(t('chart.calls', { calls: number(bar.values.reduce((sum, one) => sum + one, 0)) }));
    data.series.forEach(({ name }, s) => {
      if (bar.values[s] !== null && (bar.values[s] > 0 || spec.lines)) rows.push(`${name}: ${format(bar.values[s])}`);
    });
    if (rows.length === 1) rows.push(t('chart.none'));
    tip.textContent = rows.join('\n');
  }
  function choose(index) {
    chosen = Math.min(Math.max(index, -1), data.bars.length - 1);
    tip.hidden = chosen < 0;
    place?.mark.setAttribute('visibility', chosen < 0 ? 'hidden' : 'visible');
    if (chosen < 0) return;
    tell(data.bars[chosen]);
    const inner = plot.getBoundingClientRect(), outer = node.getBoundingClientRect();
    const x = place.left + chosen * place.step, from = inner.left - outer.left;
    place.mark.setAttribute('x', x.toFixed(1));
    tip.style.top = `${inner.top - outer.top + 6}px`;
    tip.style.left = `${Math.max(4, x < place.width / 2 ? from + x + place.step + 8
      : from + x - tip.offsetWidth - 8)}px`;
  }
  plot.addEventListener('pointermove', (event) => {
    const x = event.clientX - plot.getBoundingClientRect().left - place.left;
    choose(x < 0 ? -1 : Math.floor(x / place.step));
  });
  plot.addEventListener('pointerleave', () => choose(-1));
  plot.addEventListener('blur', () => choose(-1));
  plot.addEventListener('keydown', (event) => {
    const last = data.bars.length - 1;
    const to = { ArrowLeft: chosen < 0 ? last : Math.max(0, chosen - 1), ArrowRight: Math.min(last, chosen + 1),
      Home: 0, End: last, Escape: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
  });

  function showTable() {
    details.querySelector('.scroll')?.remove();
    if (!details.open) return;
    const head = make('tr', {}, make('th', { scope: 'col' }, t(data.seconds < DAY ? 'chart.hour' : 'chart.day')),
      data.series.map(({ name }) => make('th', { scope: 'col', class: 'number' }, name)));
    const rows = data.bars.map((bar) => make('tr', {}, make('th', { scope: 'row' }, barName(bar, data.seconds)),
      bar.values.map((value) => make('td', { class: 'number' }, value === null ? '–' : format(value))))).reverse();
    details.append(make('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': spec.title },
      make('table', {}, make('caption', {}, spec.title), make('thead', {}, head), make('tbody', {}, rows))));
  }
  details.addEventListener('toggle', showTable);
  new ResizeObserver(() => {
    if (data.bars.length === 0) return;
    redraw();
    choose(-1);
  }).observe(node);

  function set(news) {
    const kept = news.bars.length === data.bars.length ? chosen : -1;
    data = news;
    legend.replaceChildren(...data.series.map(({ name, colour, total }) => make('li', {},
      draw('svg', { viewBox: '0 0 10 10', 'aria-hidden': 'true' },
        draw('rect', { width: 10, height: 10, rx: 3, class: `k-${colour}` })), `${name} `, make('b', {}, total))));
    const told = data.series.map(({ name, total }) => `${name} ${total}`).join(', ');
    plot.setAttribute('aria-label', t('chart.label', { title: spec.title, values: told }));
    redraw();
    choose(kept);
    showTable();
  }
  return { node, set };
}
