//! The header of each page: its links, and the data for its scripts.

use super::Button;

/// The placeholder in the HTML files.
const PLACE: &str = "<!-- header -->";

/// The button that opens saved traces.
const OPEN: &str = "<button type=\"button\" id=\"open\">Open saved trace</button>\
    <input type=\"file\" id=\"files\" accept=\".json,.jsonl,.ndjson\" multiple hidden>\
    <p id=\"opening\" role=\"status\"></p>";

/// Puts the header of the page at `path` into `html`. The scripts read its attributes: `data-logs`
/// if there are log lines, and the labels of the buttons in `data-requests`.
pub(super) fn put(html: &str, path: &str, logs: bool, buttons: &[Button]) -> String {
    // Relative to the page, since only the browser knows the path at which it found the page.
    let base = match path.matches('/').count() {
        1 => ".",
        _ => "..",
    };
    let link = |to, name, current| link(&format!("{base}{to}"), name, current);
    let mut links = link("/search", "Search", matches!(path, "/" | "/search"));
    links += &link("/services", "Services", path == "/services");
    if logs {
        links += &link("/logs", "Logs", path == "/logs");
    }
    let labels: Vec<_> = buttons.iter().map(Button::label).collect();
    let labels = serde_json::json!(labels).to_string();
    let header = format!(
        "<header{logs} data-requests=\"{labels}\"><a href=\"{base}/search\">axum-jaeger</a>\
         <nav aria-label=\"Pages\">{links}</nav>{OPEN}<script type=\"module\" src=\"{base}/page/open_files.js\"></script></header>",
        logs = if logs { " data-logs" } else { "" },
        labels = escaped(&labels),
    );
    html.replace(PLACE, &header)
}

fn link(address: &str, name: &str, current: bool) -> String {
    let current = if current {
        " aria-current=\"page\""
    } else {
        ""
    };
    format!("<a href=\"{address}\"{current}>{name}</a>")
}

/// Escapes the text of a quoted attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stay_within_their_attribute() {
        let button = Button::new("a\"><b>&", || async { Err("".into()) });
        let html = put("<body><!-- header --></body>", "/logs", true, &[button]);
        assert!(
            html.contains("<header data-logs data-requests=\"[&quot;a\\&quot;><b>&amp;&quot;]\">")
        );
        assert!(html.contains("<a href=\"./logs\" aria-current=\"page\">Logs</a>"));
        let without = put(PLACE, "/trace/{id}", false, &[]);
        assert!(!without.contains("logs") && without.contains("data-requests=\"[]\""));
        assert!(without.contains("<a href=\"../services\">Services</a>"));
    }
}
