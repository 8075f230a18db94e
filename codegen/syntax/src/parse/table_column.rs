//! One field of a table, with its helper attributes.

use syn::spanned::Spanned as _;
use syn::{Expr, Field, Lit};

use super::arguments::Arguments;
use super::table::KeyWord;
use super::{SEARCH_HELPERS, literal, rule, table_struct};
use crate::decl::{Column, DefaultValue, Index, Rule, Spanned, Table};
use crate::diagnostic::{Diagnostic, Sink};

pub(super) fn parse(field: &Field, table: &mut Table, word: &mut KeyWord, sink: &mut Sink) {
    let Some(ident) = field.ident.clone() else { return };
    if field.attrs.iter().any(|attribute| attribute.path().is_ident("skip")) {
        skip(field, table, sink);
        return;
    }
    let mut column = Column {
        ident: ident.clone(),
        ty: field.ty.clone(),
        name: None,
        default: None,
        renamed_from: None,
        backfill: None,
        max_len: None,
        zone: None,
        allow: Vec::new(),
        decimal: None,
        generated: None,
    };
    for attribute in &field.attrs {
        let Some(helper) = attribute.path().get_ident().map(ToString::to_string) else { continue };
        match helper.as_str() {
            "key" => {
                *word = key_word(Arguments::of(attribute, sink), sink);
                table.key.push(ident.clone());
            }
            "unique" => {
                Arguments::of(attribute, sink).finish(sink);
                table.uniques.push(Spanned { value: vec![ident.clone()], span: attribute.span() });
            }
            "index" => {
                let mut arguments = Arguments::of(attribute, sink);
                let descending = arguments.flag("desc", sink);
                let predicate = arguments.value("where", sink).and_then(|value| rule::portable(value, sink));
                arguments.finish(sink);
                table.indexes.push(Index {
                    columns: vec![(ident.clone(), descending)],
                    predicate,
                    span: attribute.span(),
                });
            }
            "references" => table_struct::references(Arguments::of(attribute, sink), Some(&ident), table, sink),
            "check" => {
                let span = attribute.span();
                if let Some(value) = rule::parse(Arguments::of(attribute, sink), "check", sink) {
                    table.checks.push(Spanned { value, span });
                }
            }
            "generated" => {
                let span = attribute.span();
                column.generated =
                    rule::parse(Arguments::of(attribute, sink), "generated", sink).map(|value| Spanned { value, span });
            }
            "column" => column_arguments(Arguments::of(attribute, sink), &mut column, sink),
            "decimal" => column.decimal = decimal(Arguments::of(attribute, sink), sink),
            helper if SEARCH_HELPERS.contains(&helper) => {
                table.searched.push(Spanned { value: helper.to_owned(), span: attribute.span() });
            }
            _ => {}
        }
    }
    check_conflicts(&column, sink);
    table.columns.push(column);
}

fn skip(field: &Field, table: &mut Table, sink: &mut Sink) {
    for attribute in &field.attrs {
        if attribute.path().is_ident("skip") {
            Arguments::of(attribute, sink).finish(sink);
        } else if ["key", "unique", "index", "references", "check", "generated", "column", "decimal"]
            .iter()
            .any(|helper| attribute.path().is_ident(helper))
        {
            sink.push(
                Diagnostic::new("conflicting-attributes", attribute.span(), "a skipped field is no column")
                    .help("remove this attribute, or remove `#[skip]`"),
            );
        } else if let Some(helper) = SEARCH_HELPERS.iter().find(|helper| attribute.path().is_ident(helper)) {
            table.searched.push(Spanned { value: (*helper).to_owned(), span: attribute.span() });
        }
    }
    table.skipped.extend(field.ident.clone());
}

fn key_word(mut arguments: Arguments, sink: &mut Sink) -> KeyWord {
    let assigned = arguments.flag("assigned", sink);
    let automatic = arguments.flag("automatic", sink);
    let span = arguments.span();
    arguments.finish(sink);
    match (assigned, automatic) {
        (true, true) => {
            sink.push(
                Diagnostic::new("conflicting-attributes", span, "a key is either assigned or automatic")
                    .help("keep one of the two words"),
            );
            KeyWord::Unsaid
        }
        (true, false) => KeyWord::Assigned,
        (false, true) => KeyWord::Automatic,
        (false, false) => KeyWord::Unsaid,
    }
}

fn column_arguments(mut arguments: Arguments, column: &mut Column, sink: &mut Sink) {
    column.name = arguments.text("name", sink);
    column.renamed_from = arguments.text("renamed_from", sink);
    column.max_len = arguments.number("max_len", sink);
    column.zone = arguments.text("zone", sink);
    column.default = arguments.value("default", sink).and_then(|value| default(value, sink));
    column.backfill = arguments.value("backfill", sink).and_then(|value| {
        let span = value.span();
        rule::portable(value, sink).map(|value| Spanned { value, span })
    });
    if let Some(mut allow) = arguments.list("allow", sink) {
        for expression in allow.positional() {
            column.allow.extend(literal::word(&expression, sink));
        }
        allow.finish(sink);
    }
    arguments.finish(sink);
}

fn default(value: Expr, sink: &mut Sink) -> Option<Spanned<DefaultValue>> {
    let span = value.span();
    let value = match &value {
        Expr::Path(path) if path.path.is_ident("now") => DefaultValue::Now,
        Expr::Path(path) if path.path.is_ident("uuid") => DefaultValue::Uuid,
        Expr::Path(path) if path.qself.is_none() => DefaultValue::Value(value),
        Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_) | Lit::Int(_) | Lit::Float(_) | Lit::Bool(_)) => {
            rule::portable(value.clone(), sink)?;
            DefaultValue::Value(value)
        }
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) && matches!(*unary.expr, Expr::Lit(_)) => {
            rule::portable(value.clone(), sink)?;
            DefaultValue::Value(value)
        }
        _ => {
            sink.push(
                Diagnostic::new("wrong-value", span, "this is no constant")
                    .help("write a literal, an enumeration's value, `now` or `uuid`"),
            );
            return None;
        }
    };
    Some(Spanned { value, span })
}

pub(super) fn decimal(mut arguments: Arguments, sink: &mut Sink) -> Option<Spanned<(u8, u8)>> {
    let span = arguments.span();
    let digits = arguments.positional();
    arguments.finish(sink);
    let [precision, scale] = digits.as_slice() else {
        sink.push(
            Diagnostic::new("wrong-value", span, format!("`decimal` got {} numbers", digits.len()))
                .help("write `#[decimal(12, 2)]`: digits in all, and digits behind the point"),
        );
        return None;
    };
    let precision = literal::number(precision, sink)?;
    let scale = literal::number(scale, sink)?;
    match (u8::try_from(precision.value), u8::try_from(scale.value)) {
        (Ok(digits @ 1..=18), Ok(behind)) if behind <= digits => Some(Spanned { value: (digits, behind), span }),
        _ => {
            sink.push(
                Diagnostic::new(
                    "decimal-out-of-range",
                    span,
                    format!("no column can hold `decimal({}, {})`", precision.value, scale.value),
                )
                .help("digits in all: 1 to 18, which 64 bits hold exactly; digits behind the point: no more than that"),
            );
            None
        }
    }
}

fn check_conflicts(column: &Column, sink: &mut Sink) {
    let Some(generated) = &column.generated else { return };
    let other = column.default.as_ref().map(|default| ("default", default.span));
    let other = other.or(column.backfill.as_ref().map(|backfill| ("backfill", backfill.span)));
    if let Some((name, span)) = other {
        sink.push(
            Diagnostic::new("conflicting-attributes", span, format!("a generated column has no `{name}`"))
                .related(generated.span, "generated here")
                .help("remove one of the two; the engine computes the column in every row"),
        );
    }
    if let Rule::Portable(Expr::Path(path)) = &generated.value
        && path.path.is_ident(&column.ident)
    {
        sink.push(
            Diagnostic::new("conflicting-attributes", generated.span, "a column cannot be generated from itself")
                .help("write an expression over other columns"),
        );
    }
}
