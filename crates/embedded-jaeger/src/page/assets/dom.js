// @ts-check

/** @typedef {Record<string, string>} Style */
/** @typedef {string | number | boolean} Attribute */
/** @typedef {{ style?: Style, [aria: `aria-${string}`]: Attribute }} Others */

/**
 * Properties of an element, its style, and attributes that are no properties.
 * @template {keyof HTMLElementTagNameMap} K
 * @typedef {Partial<Omit<HTMLElementTagNameMap[K], "style">> & Others} Properties
 */

/**
 * Makes an element; every element of the page is made here or by `draw`. Children are nodes or
 * text; text is never read as markup.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Properties<K>} properties
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { style = {}, ...others } = properties;
  for (const [name, value] of Object.entries(others)) {
    if (name in element) Object.assign(element, { [name]: value });
    else element.setAttribute(name, String(value));
  }
  setStyle(element, style);
  element.append(...children);
  return element;
}

/**
 * Makes an element of SVG, all of whose properties are attributes.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {{ style?: Style } & Record<string, Attribute | Style>} attributes
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  const { style = {}, ...others } = attributes;
  for (const [name, value] of Object.entries(others)) element.setAttribute(name, String(value));
  setStyle(element, style);
  element.append(...children);
  return element;
}

/**
 * Sets one property at a time, since the page's policy forbids the attribute `style`.
 * @param {HTMLElement | SVGElement} element
 * @param {Style} style
 */
function setStyle(element, style) {
  for (const [property, value] of Object.entries(style)) element.style.setProperty(property, value);
}

/**
 * Replaces the children of an element; a link that has the focus keeps it.
 * @param {Element} element
 * @param {...(Node | string)} children
 */
export function refill(element, ...children) {
  const focused = element.contains(document.activeElement) && document.activeElement?.getAttribute("href");
  element.replaceChildren(...children);
  if (!focused) return;
  const link = [...element.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused);
  link?.focus({ preventScroll: true });
}

/**
 * The element with this id.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {{ new (): T }} [type]
 * @returns {T}
 * @throws {TypeError} if there is none of this type
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof (type ?? HTMLElement))) throw new TypeError(`there is no ${type?.name ?? "element"} #${id}`);
  return /** @type {T} */ (element);
}

/**
 * A hue that differs for most names: their FNV-1a hash, spread over the circle.
 * @param {string} name
 */
export function hue(name) {
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return String((hash >>> 0) * 137.508 % 360);
}

/**
 * A square in the colour of a service.
 * @param {string} service
 */
export const swatch = (service) => make("span", { className: "swatch", style: { "--hue": hue(service) } });
