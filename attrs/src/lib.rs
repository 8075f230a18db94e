//! Cell's attribute macros. Each forwards to [`expand`], which unit tests call on ordinary tokens.
//! The grammar is `cell-syntax`'s; nothing here parses an attribute a second time.

mod expand;
#[cfg(test)]
mod tests;

use cell_syntax::Attribute;
use proc_macro::TokenStream;

/// One macro for each attribute: applications reach it through the modules of the runtime, as `Database::table`.
macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident = $attribute:ident;)*) => {$(
        $(#[$doc])*
        #[proc_macro_attribute]
        pub fn $name(arguments: TokenStream, item: TokenStream) -> TokenStream {
            expand::attribute(Attribute::$attribute, arguments.into(), item.into()).into()
        }
    )*};
}

attributes! {
    /// A database in a SQLite file: `#[Database::sqlite(file = "shop.db")]` on a struct of `Table<T>` fields.
    ///
    /// Arguments: `file` (a path below the state's folder), `pool` (connections), `statements` (that each keeps prepared), `slow`
    /// (a duration: what takes longer is logged), `timeouts(acquire, statement, lock, idle)` (durations such as `"5s"`), `crate` (the runtime's path, where the dependency was renamed).
    database_sqlite = DatabaseSqlite;
    /// A database on a PostgreSQL server: `#[Database::postgres(url = env("DATABASE_URL"))]` on a struct of `Table<T>` fields.
    ///
    /// Arguments: `url` (the environment variable that holds the URL), `primary` (its region), `replicas` (the regions of those
    /// that follow it: reads go to the nearest, whose URL is in `DATABASE_URL_EU_WEST`), `pool`, `timeouts(…)` (as of SQLite, and
    /// `replica`: for one that is behind; `behind`: by which it may be), `crate`.
    database_postgres = DatabasePostgres;
    /// A table: a struct of columns.
    ///
    /// Arguments: `name` (the SQL name), `renamed_from`, `new` (the name of the type for inserts), `crate`.
    /// On fields: `key`, `unique`, `index`, `references(T, on_delete = …)`, `check(…)`, `generated(…)`,
    /// `column(name, default, renamed_from, backfill, max_len, zone, allow(…))`, `decimal(p, s)`, `skip`.
    /// On the struct: `key(a, b)`, `unique(a, b)`, `index(a, b desc, where = …)`, `references(T, a, b)`, `check(…)`.
    database_table = DatabaseTable;
    /// An enum without fields, stored as text with a check. On a value: `renamed_from = "…"`, `removed(to = Other)`.
    database_enumeration = DatabaseEnumeration;
    /// A newtype that is stored as what it wraps: `struct ProductId(i64);`.
    database_value = DatabaseValue;
    /// What a query selects: a struct of columns for `select` and `sql!`. Arguments: `select` (the name of the type that `select`
    /// takes), `crate`. On fields: `column(name)`, `decimal(p, s)`.
    database_row = DatabaseRow;
    /// A struct or an enum that may cross a synapse and an HTTP door.
    message = Message;
    /// A cell: a struct of databases, synapses and configuration. Arguments: `name`, `start = path`, `crate`.
    service = Service;
    /// A cell's calls: the public async methods of an impl. On a method: `http(GET, "/path/{name}")`, `idempotent`,
    /// `task`, `task(every = "1h")`.
    handler = Handler;
    /// What of a table can be searched: `#[Search::index(language = "en")]` on a struct with `#[Database::table]`.
    ///
    /// Arguments: `name` (otherwise as the table is called), `language` (whose words are stemmed, such as `"en"`), `crate`.
    /// On fields: `text`, `text(boost = 2.0, tokenizer = "words" | "exact" | "prefix")`, `filter`, `facet`.
    search_index = SearchIndex;
    /// A cache: of a function's results, by its arguments, or of a table's rows, by their keys. What is held falls when what it was made
    /// of is written.
    ///
    /// Arguments: `ttl`, `idle` and `none_ttl` (durations such as `"10m"`), `capacity` (entries, 10,000 where nothing is said), `tag` or
    /// `tags(…)`, `crate`; on a function also `key = "(a, b)"` (what tells calls apart), `reads(Product)` and `ignores(AuditLog)`.
    cache_memoize = CacheMemoize;
    /// Where a cell may run: `#[Placement(region = "us-east", replicas = 2)]` on a struct with `#[service]`.
    ///
    /// Arguments: `region` or `regions` (names of the topology's regions; its first where neither is given), `replicas`
    /// (copies in each region, 1 to 1000), `crate`.
    placement = Placement;
    /// Does not work yet: an error where it is written.
    placement_near = PlacementNear;
    /// Does not work yet: an error where it is written.
    placement_optimize_for = PlacementOptimizeFor;
    /// Does not work yet: an error where it is written.
    latency_budget = LatencyBudget;
    /// Does not work yet: an error where it is written.
    latency_calls = LatencyCalls;
    /// Does not work yet: an error where it is written.
    optimize_for_latency = OptimizeForLatency;
    /// Does not work yet: an error where it is written.
    compute_nearest = ComputeNearest;
    /// Does not work yet: an error where it is written.
    data_gravity = DataGravity;
    /// Does not work yet: an error where it is written.
    telemetry_span = TelemetrySpan;
    /// Does not work yet: an error where it is written.
    market_offer = MarketOffer;
    /// Does not work yet: an error where it is written.
    economy_optimize_for = EconomyOptimizeFor;
    /// Does not work yet: an error where it is written.
    global_compute_distribute = GlobalComputeDistribute;
    /// Does not work yet: an error where it is written.
    global_compute_auto_migrate = GlobalComputeAutoMigrate;
    /// Does not work yet: an error where it is written.
    global_compute_immortal = GlobalComputeImmortal;
    /// Does not work yet: an error where it is written.
    global_mesh_route = GlobalMeshRoute;
    /// Does not work yet: an error where it is written.
    global_consensus_replicate = GlobalConsensusReplicate;
}

/// A statement of one's own; the runtime's macro `sql` calls it with the runtime's path in front.
#[proc_macro]
pub fn sql(tokens: TokenStream) -> TokenStream {
    expand::sql::expand(tokens.into()).into()
}

/// Expands to nothing. It only makes Cell's helper attributes known, so that they may stay on an item for the next
/// attribute to read.
#[proc_macro_derive(
    Inert,
    attributes(
        check,
        column,
        decimal,
        facet,
        filter,
        generated,
        include,
        index,
        key,
        many,
        references,
        removed,
        renamed_from,
        skip,
        stored,
        text,
        unique
    )
)]
pub fn inert(_item: TokenStream) -> TokenStream {
    TokenStream::new()
}
