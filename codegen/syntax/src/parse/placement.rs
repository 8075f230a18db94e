//! `#[Placement]`: where a cell may run, and in how many copies. Absent: whether a topology has the regions, and whether the
//! struct is a cell, which the compiler knows.

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned as _;
use syn::{Expr, Item};

use super::arguments::Arguments;
use super::{item_name, literal, wrong_item};
use crate::Attribute;
use crate::decl::{Placement, Spanned};
use crate::diagnostic::{Diagnostic, Sink};
use crate::name::{REGION, is_region};

/// The most copies in one region: far beyond what a node holds, and a manifest lists each.
const MOST_REPLICAS: u32 = 1_000;

pub(super) fn parse(tokens: TokenStream, item: &Item, sink: &mut Sink) -> Option<Placement> {
    let attribute = Attribute::Placement;
    if let Item::Fn(function) = item {
        let message = "`#[Placement]` on a handler does not work in this version of Cell";
        sink.push(
            Diagnostic::new("not-yet", function.sig.ident.span(), message)
                .help("put it on the struct with `#[service]`: all handlers of a cell run where it does"),
        );
        return None;
    }
    let mut arguments = Arguments::parse(attribute.path(), item_name(item), tokens, sink);
    let one = arguments.value("region", sink);
    let several = arguments.value("regions", sink);
    let replicas = arguments.number("replicas", sink);
    let krate = arguments.krate(sink);
    refuse_for_now(&mut arguments, sink);
    if one.is_none() && several.is_none() && replicas.is_none() && sink.is_empty() {
        arguments.missing("region", "region = \"us-east\"", sink);
    }
    arguments.finish(sink);
    let regions = regions(one.as_ref(), several.as_ref(), sink);
    if let Some(replicas) = replicas.as_ref().filter(|replicas| !(1..=MOST_REPLICAS).contains(&replicas.value)) {
        let message = format!("a cell cannot run in {} copies", replicas.value);
        sink.push(
            Diagnostic::new("wrong-value", replicas.span, message)
                .help(format!("write a number from 1 to {MOST_REPLICAS}; it counts in each region")),
        );
    }
    let Item::Struct(item) = item else {
        wrong_item(attribute, "the struct of a cell", item, sink);
        return None;
    };
    Some(Placement { ident: item.ident.clone(), regions, replicas, krate })
}

/// What the grammar is to have, and does not obey yet.
fn refuse_for_now(arguments: &mut Arguments, sink: &mut Sink) {
    let mut refuse = |name: &str, span: Span| {
        sink.push(
            Diagnostic::new("not-yet", span, format!("`{name}` does not work in this version of Cell"))
                .help("remove it, and say where the cell runs by `region`, `regions` and `replicas`"),
        );
    };
    for name in ["only", "with"] {
        for span in arguments.drop_all(name) {
            refuse(name, span);
        }
    }
}

fn regions(one: Option<&Expr>, several: Option<&Expr>, sink: &mut Sink) -> Vec<Spanned<String>> {
    if let (Some(one), Some(several)) = (one, several) {
        sink.push(
            Diagnostic::new("conflicting-attributes", several.span(), "`Placement` has both `region` and `regions`")
                .related(one.span(), "one region")
                .help("keep one of them: `regions = [\"…\", \"…\"]` names them all"),
        );
    }
    let mut regions: Vec<Spanned<String>> = Vec::new();
    if let Some(value) = one {
        regions.extend(literal::text(value, sink));
    }
    if let Some(value) = several {
        let listed = literal::texts(value, sink);
        if listed.as_ref().is_some_and(Vec::is_empty) {
            sink.push(
                Diagnostic::new("wrong-value", value.span(), "a cell that runs in no region cannot be called")
                    .help("name a region, or remove `regions`: then the topology's first counts"),
            );
        }
        for region in listed.into_iter().flatten() {
            match regions.iter().find(|known| one.is_none() && known.value == region.value) {
                Some(first) => sink.push(
                    Diagnostic::new("duplicate-value", region.span, format!("`{}` is named twice", region.value))
                        .related(first.span, "first named here")
                        .help("keep one of them; `replicas` says how many copies run in a region"),
                ),
                None => regions.push(region),
            }
        }
    }
    regions.iter().for_each(|region| region_name(region, sink));
    regions
}

/// Refuses a name that no region can have.
pub(super) fn region_name(region: &Spanned<String>, sink: &mut Sink) {
    if !is_region(&region.value) {
        let message = format!("`{}` cannot name a region", region.value);
        sink.push(Diagnostic::new("invalid-name", region.span, message).help(REGION));
    }
}
