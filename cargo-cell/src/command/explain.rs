//! `explain`: a page for a code, or the list of all codes.

use cell_syntax::suggest;
use serde::Serialize;

use crate::explain::{AREAS, Page, page};
use crate::output::{Output, Style};
use crate::stop::{Exit, Mistake, Stop};

/// The longest line of a paragraph, in characters.
const WIDTH: usize = 100;

/// A page, for programs.
#[derive(Serialize)]
struct PageValue<'a> {
    command: &'static str,
    code: &'a str,
    page: &'a str,
}

/// A line of the list, for programs.
#[derive(Serialize)]
struct CodeValue {
    area: &'static str,
    code: &'static str,
    summary: &'static str,
}

/// The list, for programs.
#[derive(Serialize)]
struct CodesValue {
    command: &'static str,
    codes: Vec<CodeValue>,
}

/// Explains a code, or lists them all.
///
/// # Errors
/// There is no such code.
pub(super) fn run(code: Option<&str>, output: &Output) -> Result<Exit, Stop> {
    let Some(code) = code else {
        let codes = AREAS.iter().flat_map(|area| {
            area.pages.iter().map(|page| CodeValue { area: area.title, code: page.code, summary: page.summary() })
        });
        output.value(CodesValue { command: "explain", codes: codes.collect() });
        output.text(list);
        return Ok(Exit::Done);
    };
    let Some(page) = page(code) else {
        let codes = AREAS.iter().flat_map(|area| area.pages).map(|page| page.code);
        let help = match suggest::nearest(code, codes) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`cargo cell explain` lists all codes".to_owned(),
        };
        return Err(Mistake::usage(format!("there is no code `{code}`")).help(help).into());
    };
    output.value(PageValue { command: "explain", code: page.code, page: page.text });
    output.text(|style| rendered(page, style));
    Ok(Exit::Done)
}

fn list(style: Style) -> String {
    let width = AREAS.iter().flat_map(|area| area.pages).map(|page| page.code.len()).max().unwrap_or(0);
    let area = |area: &crate::explain::Area| {
        let lines = area.pages.iter().map(|page| format!("  {:<width$}  {}\n", page.code, page.summary()));
        format!("{}\n{}", style.heading(area.title), lines.collect::<String>())
    };
    AREAS.iter().map(area).collect::<Vec<_>>().join("\n")
}

/// The page as a terminal shows it: headings set off, code indented, no marks around either.
fn rendered(page: &Page, style: Style) -> String {
    let mut text = String::new();
    let mut code = false;
    for line in page.text.lines() {
        if line.starts_with("```") {
            code = !code;
        } else if let (false, Some(heading)) = (code, line.strip_prefix("# ")) {
            text.push_str(&format!("{}\n", style.heading(heading)));
        } else if code && !line.is_empty() {
            text.push_str(&format!("    {line}\n"));
        } else {
            text.push_str(&wrapped(line));
        }
    }
    text
}

/// A paragraph in lines.
fn wrapped(paragraph: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in paragraph.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text + "\n"
}
