//! One diagnostic as rustc would print it.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use proc_macro2::Span;

use super::position::range;
use crate::program::{FileId, Located, Program};

/// Whether the text has escape sequences for colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// It has.
    Always,
    /// It has none.
    Never,
}

pub(super) fn render(program: &Program, located: &Located, level: Level<'_>, color: Color) -> String {
    let diagnostic = &located.diagnostic;
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut marks = vec![(AnnotationKind::Primary, diagnostic.span, diagnostic.label.as_deref())];
    marks.extend(diagnostic.related.iter().map(|(span, label)| (AnnotationKind::Context, *span, Some(label.as_str()))));
    let mut group = place(program, Group::with_title(title), located.file, marks);
    for (file, span, label) in &located.elsewhere {
        group = place(program, group, *file, vec![(AnnotationKind::Context, *span, Some(label.as_str()))]);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = match color {
        Color::Always => Renderer::styled(),
        Color::Never => Renderer::plain(),
    };
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
}

fn place<'a>(
    program: &'a Program,
    group: Group<'a>,
    file: FileId,
    marks: Vec<(AnnotationKind, Span, Option<&'a str>)>,
) -> Group<'a> {
    let file = program.file(file);
    if file.text.is_empty() {
        // Nothing to show: a file that is not UTF-8.
        return group.element(Origin::path(file.name.as_str()));
    }
    let annotations = marks.into_iter().map(|(kind, span, label)| kind.span(range(&file.text, span)).label(label));
    group.element(Snippet::source(file.text.as_str()).path(file.name.as_str()).annotations(annotations))
}
