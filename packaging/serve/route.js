/* route: what is shown is in the address, behind the #: so back, forward and bookmarks work. */

/* "#/calls?status=SALE" -> { name: 'calls', params: {...} } */
export function current() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  return { name: path, params: Object.fromEntries(new URLSearchParams(query || '')) };
}

/* The address of a view; parameters without a value are left out. */
export function href(name, params = {}) {
  const used = Object.entries(params).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return `#/${name}${used.length > 0 ? `?${new URLSearchParams(used)}` : ''}`;
}

/* go: to another view, or to the same with other parameters. replace: the last address is not kept for "back". */
export function go(name, params) {
  location.hash = href(name, params);
}
export function replace(name, params) {
  history.replaceState(null, '', href(name, params));
  dispatchEvent(new HashChangeEvent('hashchange'));
}
