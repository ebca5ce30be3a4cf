// The one way in which the page makes elements. Children are nodes or text; text is never read as markup.
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "style") for (const [property, it] of Object.entries(value)) element.style.setProperty(property, it);
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export const byId = (id) => document.getElementById(id);

// A hue of its own for most names: FNV-1a, spread over the circle.
export function hue(name) {
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0), 0x01000193);
  return String((hash >>> 0) * 137.508 % 360);
}

export const swatch = (service) => make("span", { className: "swatch", style: { "--hue": hue(service) } });
