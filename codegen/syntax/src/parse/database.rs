//! `#[Database::sqlite]` and `#[Database::postgres]`: a struct of `Table<T>` fields.

use proc_macro2::TokenStream;
use syn::spanned::Spanned as _;
use syn::{Expr, GenericArgument, Item, PathArguments, Type};

use super::arguments::Arguments;
use super::placement::region_name;
use super::{item_name, literal, structs};
use crate::Attribute;
use crate::decl::{Database, DatabaseField, Engine, Spanned, Timeouts};
use crate::diagnostic::{Diagnostic, Sink};
use crate::name::{replica_variable, snake_case};

pub(super) fn sqlite(tokens: TokenStream, item: &Item, sink: &mut Sink) -> Option<Database> {
    let attribute = Attribute::DatabaseSqlite;
    let mut arguments = Arguments::parse(attribute.path(), item_name(item), tokens, sink);
    let file = arguments.text("file", sink);
    if let Some(file) = &file {
        let parts = std::path::Path::new(&file.value).components();
        let inside = parts.clone().all(|part| matches!(part, std::path::Component::Normal(_)));
        if parts.count() == 0 || !inside {
            sink.push(
                Diagnostic::new("wrong-value", file.span, format!("`{}` is not a file below the state's folder", file.value))
                    .help("write a relative path without `..`, such as `file = \"shop.db\"`; the node decides where its state is"),
            );
        }
    } else {
        arguments.missing("file", "file = \"shop.db\"", sink);
    }
    database(attribute, arguments, item, file.map(|file| Engine::Sqlite { file }), sink)
}

pub(super) fn postgres(tokens: TokenStream, item: &Item, sink: &mut Sink) -> Option<Database> {
    let attribute = Attribute::DatabasePostgres;
    let mut arguments = Arguments::parse(attribute.path(), item_name(item), tokens, sink);
    let url = arguments.value("url", sink);
    let cluster = arguments.value("cluster", sink);
    let primary = arguments.text("primary", sink);
    primary.iter().for_each(|region| region_name(region, sink));
    let replicas = arguments.value("replicas", sink);
    if let Some(cluster) = &cluster {
        let message = "`cluster` does not work in this version of Cell";
        sink.push(
            Diagnostic::new("not-yet", cluster.span(), message)
                .help("run the server yourself and name its URL: `url = env(\"DATABASE_URL\")`"),
        );
    }
    if let Some(replicas) = replicas.as_ref().filter(|_| primary.is_none()) {
        sink.push(
            Diagnostic::new("missing-argument", replicas.span(), "replicas of a primary that is nowhere")
                .help("say in which region the primary is: `primary = \"us-east\"`"),
        );
    }
    let replicas = replicas.map(|list| regions_of_replicas(&list, sink)).unwrap_or_default();
    let engine = match url {
        Some(url) => literal::environment(&url, sink).map(|url| Engine::Postgres { url, primary, replicas }),
        None => {
            if cluster.is_none() {
                arguments.missing("url", "url = env(\"DATABASE_URL\")", sink);
            }
            None
        }
    };
    database(attribute, arguments, item, engine, sink)
}

/// The regions of replicas: one of each, since the region's name says which environment variable holds the URL.
fn regions_of_replicas(list: &Expr, sink: &mut Sink) -> Vec<Spanned<String>> {
    let mut regions: Vec<Spanned<String>> = Vec::new();
    for region in literal::texts(list, sink).into_iter().flatten() {
        region_name(&region, sink);
        let variable = |region: &Spanned<String>| replica_variable("", &region.value);
        match regions.iter().find(|known| variable(known) == variable(&region)) {
            Some(first) => sink.push(
                Diagnostic::new("duplicate-value", region.span, "two replicas whose URLs are in one environment variable")
                    .related(first.span, "the first is here")
                    .help("keep one: a region has one replica, whose URL is in `<URL>_<REGION>`, such as `DATABASE_URL_EU_WEST`"),
            ),
            None => regions.push(region),
        }
    }
    regions
}

fn database(
    attribute: Attribute,
    mut arguments: Arguments,
    item: &Item,
    engine: Option<Engine>,
    sink: &mut Sink,
) -> Option<Database> {
    let pool = arguments.number("pool", sink);
    if let Some(pool) = pool.as_ref().filter(|pool| !(1..=MOST).contains(&pool.value)) {
        let message = format!("a pool of {} connections", pool.value);
        sink.push(Diagnostic::new("wrong-value", pool.span, message).help(format!("write a number from 1 to {MOST}")));
    }
    let statements = arguments.number("statements", sink);
    if let Some(statements) = statements.as_ref().filter(|statements| !(1..=MOST).contains(&statements.value)) {
        let message = format!("connections that keep {} statements", statements.value);
        sink.push(
            Diagnostic::new("wrong-value", statements.span, message)
                .help(format!("write how many each keeps prepared, from 1 to {MOST}")),
        );
    }
    let slow = arguments.value("slow", sink).and_then(|value| literal::duration(&value, sink));
    let timeouts = arguments.list("timeouts", sink).map(|list| timeouts(list, sink)).unwrap_or_default();
    let krate = arguments.krate(sink);
    arguments.finish(sink);

    let (item, fields) = structs::named(attribute, item, sink)?;
    let mut tables = Vec::new();
    for field in fields {
        let Some(ident) = &field.ident else { continue };
        match row_of(&field.ty) {
            Some(row) => tables.push(DatabaseField { ident: ident.clone(), row: row.clone(), ty: field.ty.clone() }),
            None => sink.push(
                Diagnostic::new("unsupported-field", field.ty.span(), format!("the field `{ident}` is no `Table<…>`"))
                    .help("a database is a struct of tables; keep other state in a cell (`#[service]`)"),
            ),
        }
    }
    Some(Database { ident: item.ident.clone(), engine: engine?, pool, statements, slow, timeouts, krate, tables })
}

impl Database {
    /// The database's name, the first part of every name in it: the struct's in snake case.
    #[must_use]
    pub fn database_name(&self) -> String {
        snake_case(&self.ident.to_string())
    }
}

/// The longest time that the engines take, in milliseconds.
const LONGEST: u64 = 24 * 86_400_000;

/// What a replica may be told to be behind at most, in milliseconds.
const BEHIND: std::ops::RangeInclusive<u64> = 3_000..=15 * 60_000;

/// The most connections: far more than a server has.
const MOST: u32 = 10_000;

fn timeouts(mut list: Arguments, sink: &mut Sink) -> Timeouts {
    let mut take = |name| {
        let value = list.value(name, sink)?;
        let duration = literal::duration(&value, sink)?;
        if duration.value > LONGEST {
            let message = "a database cannot be told to wait for so long";
            sink.push(Diagnostic::new("wrong-value", duration.span, message).help("write 24 days, `\"24d\"`, or less"));
        }
        if name == "behind" && !BEHIND.contains(&duration.value) {
            let message = "how far a replica is behind is known to two seconds, and for a quarter of an hour";
            sink.push(Diagnostic::new("wrong-value", duration.span, message).help("write `\"3s\"` to `\"15m\"`"));
        }
        Some(duration.value)
    };
    let timeouts = Timeouts {
        acquire: take("acquire"),
        statement: take("statement"),
        lock: take("lock"),
        idle: take("idle"),
        replica: take("replica"),
        behind: take("behind"),
    };
    list.finish(sink);
    timeouts
}

/// `Product` of `Table<Product>`, however the path before `Table` is written.
fn row_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match (last.ident == "Table", arguments.args.first(), arguments.args.len()) {
        (true, Some(GenericArgument::Type(row)), 1) => Some(row),
        _ => None,
    }
}
