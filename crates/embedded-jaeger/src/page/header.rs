//! The head of each page: where one can go, and what the scripts may ask for.

use super::Request;

/// What stands in the files for it.
const PLACE: &str = "<!-- header -->";

/// What opens saved traces, with its script.
const OPEN: &str = "<button type=\"button\" id=\"open\">Open saved trace</button>\
    <input type=\"file\" id=\"files\" accept=\".json,.jsonl,.ndjson\" multiple hidden>\
    <p id=\"opening\" role=\"status\"></p>";

/// `html` with the header of the page at `path`. Its attributes tell the scripts what there is, so
/// that they ask for nothing else: `data-logs`, and the labels of the requests in `data-requests`.
pub(super) fn put(html: &str, path: &str, logs: bool, requests: &[Request]) -> String {
    // From the page, since only the browser knows under which path it finds it.
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
    let labels: Vec<_> = requests.iter().map(|request| &request.label).collect();
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

/// For between two quotes of an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_what_there_is_and_stays_one_attribute() {
        let request = Request {
            label: "a\"><b>&".into(),
            url: String::new(),
        };
        let html = put("<body><!-- header --></body>", "/logs", true, &[request]);
        assert!(
            html.contains("<header data-logs data-requests=\"[&quot;a\\&quot;><b>&amp;&quot;]\">")
        );
        assert!(html.contains("<a href=\"./logs\" aria-current=\"page\">Logs</a>"));
        let without = put(PLACE, "/trace/{id}", false, &[]);
        assert!(!without.contains("logs") && without.contains("data-requests=\"[]\""));
        assert!(without.contains("<a href=\"../services\">Services</a>"));
    }
}
