//! A package's readme. In: its folder, and what its manifest says of a readme. Out: the words, without markup; none where there are none.
//! The file is a stranger's: it lies in the package's folder, whatever the manifest says, and no more of it is read than is stored.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde::Deserialize;

/// What is read at most, in bytes, and what the table's column holds, in characters.
const MAX: usize = 256 << 10;

/// Where cargo looks when the manifest says nothing, and how people spell it otherwise.
const NAMES: [&str; 5] = ["README.md", "README.txt", "README", "Readme.md", "readme.md"];

/// What a manifest says of the readme.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Said {
    File(String),
    Is(bool),
}

/// The words of a package's readme.
pub(super) fn read(folder: &Path, said: Option<&Said>) -> String {
    let file = match said {
        Some(Said::File(path)) => inside(folder, path),
        Some(Said::Is(false)) => None,
        Some(Said::Is(true)) | None => NAMES.iter().find_map(|name| inside(folder, name)),
    };
    // A readme that cannot be read is as good as none: the crate is found by its name all the same.
    let Some(file) = file else { return String::new() };
    let Ok(bytes) = beginning(&file) else { return String::new() };
    let text = String::from_utf8_lossy(&bytes);
    let is_markdown = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"));
    let text = if is_markdown { words(&text) } else { text.into_owned() };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let kept = lines.collect::<Vec<_>>().join("\n");
    // No column of text holds U+0000.
    kept.chars().filter(|letter| *letter != '\0').take(MAX).collect()
}

/// The file of this path, unless it lies outside of the folder, by its name or by a link.
fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let is_below = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_below(Path::new(path)) {
        return None;
    }
    let folder = folder.canonicalize().ok()?;
    let file = folder.join(path).canonicalize().ok()?;
    // To open what is no file, such as a pipe, could take forever.
    (file.starts_with(&folder) && fs::metadata(&file).ok()?.is_file()).then_some(file)
}

/// As much of a file as is stored.
fn beginning(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What somebody reads of a text in Markdown: no targets of links, no pictures, no tags.
fn words(markdown: &str) -> String {
    let mut text = String::new();
    let mut html = String::new();
    // How many pictures this is in: what stands for them is often a badge's name.
    let mut pictures = 0_u32;
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Image { .. }) => pictures += 1,
            Event::End(TagEnd::Image) => pictures = pictures.saturating_sub(1),
            _ if pictures > 0 => {}
            Event::Text(part) | Event::Code(part) => text.push_str(&part),
            Event::Html(part) => html.push_str(&part),
            Event::End(TagEnd::HtmlBlock) => {
                without_tags(&html, &mut text);
                html.clear();
            }
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Link { .. })
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link)
            | Event::InlineHtml(_) => {}
            // Where a block begins or ends, a line does.
            _ => text.push('\n'),
        }
    }
    text
}

fn without_tags(html: &str, text: &mut String) {
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let end = if tag.starts_with("!--") { "-->" } else { ">" };
        rest = tag.split_once(end).map_or("", |(_, rest)| rest);
    }
    text.push_str(rest);
    text.push('\n');
}
