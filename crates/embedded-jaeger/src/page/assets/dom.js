// The one way in which the page makes elements. Children are nodes or text; text is never read as markup.
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "style") dress(element, value);
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// The same for SVG, of which everything is an attribute.
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "style") dress(element, value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// An attribute `style` would be against the page's policy.
function dress(element, style) {
  for (const [property, value] of Object.entries(style)) element.style.setProperty(property, value);
}

// Puts other children into an element; a link that has the focus keeps it.
export function refill(element, ...children) {
  const focused = element.contains(document.activeElement) && document.activeElement.getAttribute("href");
  element.replaceChildren(...children);
  if (!focused) return;
  const link = [...element.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused);
  link?.focus({ preventScroll: true });
}

export const byId = (id) => document.getElementById(id);

// A hue of its own for most names: FNV-1a, spread over the circle.
export function hue(name) {
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0), 0x01000193);
  return String((hash >>> 0) * 137.508 % 360);
}

export const swatch = (service) => make("span", { className: "swatch", style: { "--hue": hue(service) } });
