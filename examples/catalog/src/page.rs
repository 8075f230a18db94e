//! The catalogue as HTML. In: what the handlers answer. Out: whole pages, every text of a stranger escaped.

use std::fmt::Write as _;

use cell::prelude::*;

use crate::browse::{Dependent, Details, HITS, Page, Results};

const STYLE: &str = "
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h1 small { font-weight: normal; opacity: .6 }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid #8884; vertical-align: top }
td:first-child { white-space: nowrap; font-weight: 600 }
a { color: inherit; text-decoration-color: #8888 } nav { margin: 1rem 0 }
nav a { margin-right: 1rem; white-space: nowrap } nav small { opacity: .6; margin: 0 1rem 0 -.8rem }
form { display: flex; gap: .5rem; margin: 1rem 0 } form input { flex: 1; min-width: 0 }
input, button { font: inherit; padding: .35rem .6rem }
article { margin: 1.2rem 0 } article h2 { font-size: 1.1rem; margin: 0 } article h2 small { font-weight: normal; opacity: .6 }
article p { margin: .2rem 0; overflow-wrap: anywhere } article p + p { opacity: .75 } mark { background: #fd08; color: inherit }
";

/// A page of the list of crates.
pub(crate) fn list(page: &Page, crates: u64, versions: u64) -> Html {
    let mut body = form("");
    let _ = write!(body, "<h1>Crates <small>{crates} crates, {versions} versions on this machine</small></h1>");
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
    let mut body = format!("{}<nav><a href=\"/\">All crates</a></nav><h1>{name}</h1><p>{description}</p>", form(""));
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

/// How many licences a page of results shows: the most frequent.
const LICENSES: usize = 8;

/// What a page of results was asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) q: &'a str,
    pub(crate) license: Option<&'a str>,
    pub(crate) offset: u32,
}

impl Asked<'_> {
    /// The page that it asks for, as it may stand in HTML.
    fn link(self) -> String {
        let mut link = format!("/pages?q={}", encode(self.q));
        if let Some(license) = self.license {
            let _ = write!(link, "&amp;license={}", encode(license));
        }
        if self.offset > 0 {
            let _ = write!(link, "&amp;offset={}", self.offset);
        }
        link
    }
}

/// The page of what a search found.
pub(crate) fn results(asked: Asked<'_>, results: &Results) -> Html {
    let mut body = form(asked.q) + "<nav><a href=\"/\">All crates</a></nav>";
    let _ = write!(body, "<h1>Found <small>{}</small></h1>", counted(results.count));
    narrowing(asked, results, &mut body);
    for hit in &results.hits {
        let (name, license) = (escape(&hit.name), escape(hit.license.as_deref().unwrap_or_default()));
        // A highlight is HTML already.
        let description = hit.highlight.description.clone().unwrap_or_else(|| escape(&hit.description));
        let _ = write!(
            body,
            "<article><h2><a href=\"/pages/{name}\">{name}</a> <small>{license}</small></h2><p>{description}</p>"
        );
        if let Some(piece) = &hit.highlight.readme {
            let _ = write!(body, "<p>{piece}</p>");
        }
        body.push_str("</article>");
    }
    body.push_str("<nav>");
    if asked.offset > 0 {
        let link = Asked { offset: asked.offset.saturating_sub(HITS), ..asked }.link();
        let _ = write!(body, "<a rel=prev href=\"{link}\">Previous</a>");
    }
    let behind = asked.offset.saturating_add(HITS);
    if u64::from(behind) < results.count {
        let link = Asked { offset: behind, ..asked }.link();
        let _ = write!(body, "<a rel=next href=\"{link}\">Next</a>");
    }
    body.push_str("</nav>");
    document("Search", &body)
}

/// The licences that narrow what was found, or what leads back from one.
fn narrowing(asked: Asked<'_>, results: &Results, body: &mut String) {
    body.push_str("<nav>");
    if let Some(license) = asked.license {
        let link = Asked { license: None, offset: 0, ..asked }.link();
        let _ = write!(body, "Only {}. <a href=\"{link}\">All licences</a>", escape(license));
    } else {
        for of in results.licenses.iter().take(LICENSES) {
            let link = Asked { license: Some(&of.license), offset: 0, ..asked }.link();
            let _ = write!(body, "<a href=\"{link}\">{}</a> <small>{}</small> ", escape(&of.license), of.count);
        }
    }
    body.push_str("</nav>");
}

/// The page while there is no index to look into.
pub(crate) fn building(asked: Asked<'_>) -> Html {
    document("Search", &(form(asked.q) + "<p>The search index is being built. Reload in a moment.</p>"))
}

fn form(q: &str) -> String {
    let q = escape(q);
    format!(
        "<form action=\"/pages\"><input type=search name=q value=\"{q}\" maxlength=200 aria-label=Search \
         placeholder=\"Names, descriptions and readmes\"><button>Search</button></form>"
    )
}

fn counted(crates: u64) -> String {
    if crates == 1 { "1 crate".to_owned() } else { format!("{crates} crates") }
}

fn document(title: &str, body: &str) -> Html {
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><body>{body}</body></html>"
    ))
}

/// Text as it may stand in HTML, also within quotes.
pub(crate) fn escape(text: &str) -> String {
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

/// Text as it may stand in a link's query.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
