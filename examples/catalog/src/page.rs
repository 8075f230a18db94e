//! The catalogue as HTML. In: what the handlers answer. Out: whole pages, every text of a stranger escaped.

use std::fmt::Write as _;

use cell::prelude::*;

use crate::browse::{Dependent, Details, Page};

const STYLE: &str = "
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h1 small { font-weight: normal; opacity: .6 }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid #8884; vertical-align: top }
td:first-child { white-space: nowrap; font-weight: 600 }
a { color: inherit; text-decoration-color: #8888 } nav { margin: 1rem 0 }
";

/// A page of the list of crates.
pub(crate) fn list(page: &Page, crates: u64, versions: u64) -> Html {
    let mut body = format!("<h1>Crates <small>{crates} crates, {versions} versions on this machine</small></h1>");
    if page.crates.is_empty() {
        body.push_str("<p>Nothing here yet: the importer is reading the registry. Reload in a moment.</p>");
    }
    body.push_str("<table><thead><tr><th>Name<th>Description<th>Licence</thead><tbody>");
    for row in &page.crates {
        let name = escape(&row.name);
        let description = escape(&row.description);
        let license = escape(row.license.as_deref().unwrap_or_default());
        // A string takes whatever is written to it.
        let _ = write!(body, "<tr><td><a href=\"/pages/{name}\">{name}</a><td>{description}<td>{license}");
    }
    body.push_str("</tbody></table>");
    if let Some(next) = &page.next {
        let _ = write!(body, "<nav><a rel=next href=\"/?after={}\">More</a></nav>", next);
    }
    document("Crates", &body)
}

/// The page of one crate.
pub(crate) fn details(details: &Details, dependents: &[Dependent]) -> Html {
    let summary = &details.summary;
    let name = escape(&summary.name);
    let description = escape(&summary.description);
    let mut body = format!("<nav><a href=\"/\">All crates</a></nav><h1>{name}</h1><p>{description}</p>");
    if let Some(source_url) = summary.source_url.as_deref().filter(|link| link.starts_with("https://")) {
        let link = escape(source_url);
        let _ = write!(body, "<p><a rel=noopener href=\"{link}\">{link}</a></p>");
    }
    let keywords: Vec<String> = details.keywords.iter().map(|word| escape(word)).collect();
    if !keywords.is_empty() {
        let _ = write!(body, "<p>{}</p>", keywords.join(", "));
    }
    body.push_str("<h2>Versions</h2><table><tbody>");
    for version in &details.versions {
        let _ = write!(
            body,
            "<tr><td>{}<td>{} KiB<td>{}",
            escape(&version.number),
            version.size_kib,
            version.imported_at.format("%Y-%m-%d %H:%M")
        );
    }
    let _ = write!(body, "</tbody></table><h2>Needed by {}</h2><table><tbody>", dependents.len());
    for dependent in dependents {
        let name = escape(&dependent.name);
        let (number, requirement) = (escape(&dependent.number), escape(&dependent.requirement));
        let _ = write!(body, "<tr><td><a href=\"/pages/{name}\">{name}</a><td>{number}<td>{requirement}");
    }
    body.push_str("</tbody></table>");
    document(&name, &body)
}

fn document(title: &str, body: &str) -> Html {
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><body>{body}</body></html>"
    ))
}

/// Text as it may stand in HTML, also within quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
