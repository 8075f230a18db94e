//! Whether the declarations fit together. In: a [`Program`], the [`Model`] made of it, and the topologies. Out: diagnostics;
//! where there is none, the model is whole. One rule a file: the check, what it accepts, what it refuses. There are no warnings: either
//! something is an error or it is fine. Absent: what one item alone shows, which `cell_syntax` checks.

mod faults;
mod finding;
mod sql_names;
#[cfg(test)]
mod tests;

mod argument_not_yet;
mod automatic_key;
mod call_between_processes;
mod decimal_on_another_type;
mod decimal_without_scale;
mod default_does_not_fit;
mod duplicate_cache;
mod duplicate_cell;
mod duplicate_column;
mod duplicate_constraint;
mod duplicate_database;
mod duplicate_http_door;
mod duplicate_placement;
mod duplicate_search_index;
mod duplicate_table;
mod empty_name;
mod generated_from_generated;
mod generated_key;
mod handler_of_nothing;
mod http_path_type;
mod key_type;
mod many_without_reference;
mod max_len_on_another_type;
mod memoize_of_nothing;
mod memoize_of_unknown_table;
mod memoize_reads_nothing;
mod memoize_writes;
mod message_type;
mod name_too_long;
mod nullable_key;
mod placement_of_nothing;
mod query_database;
mod reference_into_another_database;
mod reference_mismatch;
mod reference_to_nothing;
mod renamed_from_itself;
mod renamed_twice;
mod reserved_name;
mod search_field_type;
mod search_helper_without_index;
mod search_index_name;
mod search_index_of_nothing;
mod set_null_of_required;
mod sqlite_in_two_regions;
mod sqlite_on_two_nodes;
mod table_of_nothing;
mod table_twice;
mod two_handler_impls;
mod unknown_cell_field;
mod unknown_column;
mod unknown_hazard;
mod unknown_region;
mod unknown_value;
mod unprintable_name;
mod unsupported_constant;
mod unsupported_type;
mod zone_on_another_type;

use cell_syntax::decl;
use cell_syntax::diagnostic::Code;

use crate::lower::databases::{self, Members};
use crate::model::{CellId, DatabaseId, Model};
use crate::placement::{Placed, place};
use crate::program::{DeclId, Declared, Located, Program};
use crate::topology::{Topologies, Topology};

use finding::Findings;

macro_rules! rules {
    ($count:literal: $($file:ident $variant:ident $code:literal,)*) => {
        /// A rule: its file, its variant and its code are the same words.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each variant is the rule of its name")]
        pub enum Rule {
            $($variant,)*
        }

        /// Every code that this stage's diagnostics carry.
        pub const CODES: [Code; $count] = [$($code,)*];

        impl Rule {
            /// Every rule.
            pub const ALL: [Self; $count] = [$(Self::$variant,)*];

            /// What is printed.
            #[must_use]
            pub fn code(self) -> Code {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            fn check(self, context: &Context<'_>, findings: &mut Findings) {
                match self {
                    $(Self::$variant => $file::check(context, findings),)*
                }
            }
        }
    };
}

rules! { 57:
    argument_not_yet ArgumentNotYet "argument-not-yet",
    automatic_key AutomaticKey "automatic-key",
    call_between_processes CallBetweenProcesses "call-between-processes",
    decimal_on_another_type DecimalOnAnotherType "decimal-on-another-type",
    decimal_without_scale DecimalWithoutScale "decimal-without-scale",
    default_does_not_fit DefaultDoesNotFit "default-does-not-fit",
    duplicate_cache DuplicateCache "duplicate-cache",
    duplicate_cell DuplicateCell "duplicate-cell",
    duplicate_column DuplicateColumn "duplicate-column",
    duplicate_constraint DuplicateConstraint "duplicate-constraint",
    duplicate_database DuplicateDatabase "duplicate-database",
    duplicate_http_door DuplicateHttpDoor "duplicate-http-door",
    duplicate_placement DuplicatePlacement "duplicate-placement",
    duplicate_search_index DuplicateSearchIndex "duplicate-search-index",
    duplicate_table DuplicateTable "duplicate-table",
    empty_name EmptyName "empty-name",
    generated_from_generated GeneratedFromGenerated "generated-from-generated",
    generated_key GeneratedKey "generated-key",
    handler_of_nothing HandlerOfNothing "handler-of-nothing",
    http_path_type HttpPathType "http-path-type",
    key_type KeyType "key-type",
    many_without_reference ManyWithoutReference "many-without-reference",
    max_len_on_another_type MaxLenOnAnotherType "max-len-on-another-type",
    memoize_of_nothing MemoizeOfNothing "memoize-of-nothing",
    memoize_of_unknown_table MemoizeOfUnknownTable "memoize-of-unknown-table",
    memoize_reads_nothing MemoizeReadsNothing "memoize-reads-nothing",
    memoize_writes MemoizeWrites "memoize-writes",
    message_type MessageType "message-type",
    name_too_long NameTooLong "name-too-long",
    nullable_key NullableKey "nullable-key",
    placement_of_nothing PlacementOfNothing "placement-of-nothing",
    query_database QueryDatabase "query-database",
    reference_into_another_database ReferenceIntoAnotherDatabase "reference-into-another-database",
    reference_mismatch ReferenceMismatch "reference-mismatch",
    reference_to_nothing ReferenceToNothing "reference-to-nothing",
    renamed_from_itself RenamedFromItself "renamed-from-itself",
    renamed_twice RenamedTwice "renamed-twice",
    reserved_name ReservedName "reserved-name",
    search_field_type SearchFieldType "search-field-type",
    search_helper_without_index SearchHelperWithoutIndex "search-helper-without-index",
    search_index_name SearchIndexName "search-index-name",
    search_index_of_nothing SearchIndexOfNothing "search-index-of-nothing",
    set_null_of_required SetNullOfRequired "set-null-of-required",
    sqlite_in_two_regions SqliteInTwoRegions "sqlite-in-two-regions",
    sqlite_on_two_nodes SqliteOnTwoNodes "sqlite-on-two-nodes",
    table_of_nothing TableOfNothing "table-of-nothing",
    table_twice TableTwice "table-twice",
    two_handler_impls TwoHandlerImpls "two-handler-impls",
    unknown_cell_field UnknownCellField "unknown-cell-field",
    unknown_column UnknownColumn "unknown-column",
    unknown_hazard UnknownHazard "unknown-hazard",
    unknown_region UnknownRegion "unknown-region",
    unknown_value UnknownValue "unknown-value",
    unprintable_name UnprintableName "unprintable-name",
    unsupported_constant UnsupportedConstant "unsupported-constant",
    unsupported_type UnsupportedType "unsupported-type",
    zone_on_another_type ZoneOnAnotherType "zone-on-another-type",
}

/// What every rule sees.
pub(crate) struct Context<'a> {
    program: &'a Program,
    model: &'a Model,
    topologies: &'a Topologies,
    /// Where the cells run, by topology.
    placed: Vec<(&'a Topology, Placed)>,
    databases: Vec<DatabaseTables<'a>>,
}

/// A database's struct and its tables by name.
struct DatabaseTables<'a> {
    declared: &'a Declared,
    database: &'a decl::Database,
    members: Members,
}

impl Context<'_> {
    /// The databases that have a struct as a table.
    fn databases_of(&self, table: DeclId) -> impl Iterator<Item = &DatabaseTables<'_>> {
        self.databases.iter().filter(move |database| database.members.tables_of(table).next().is_some())
    }

    /// The cells that are built from a database.
    fn users(&self, database: DatabaseId) -> impl Iterator<Item = CellId> {
        let cells = self.model.cells.iter().enumerate();
        cells.filter(move |(_, cell)| cell.databases.contains(&database)).map(|(at, _)| CellId(at))
    }
}

/// Everything that is wrong with an application's declarations, given the topologies it is to run in, in no order.
#[must_use]
pub fn check(program: &Program, model: &Model, topologies: &Topologies) -> Vec<Located> {
    let databases = databases::all(program)
        .map(|(declared, database)| {
            let members = Members::of(program, declared, database);
            DatabaseTables { declared, database, members }
        })
        .collect();
    let placed = topologies.iter().map(|topology| (topology, place(model, topology))).collect();
    let context = Context { program, model, topologies, placed, databases };
    let mut findings = Findings::default();
    for rule in Rule::ALL {
        rule.check(&context, &mut findings);
    }
    let found = findings.into_located();
    // Lowering leaves out only what a rule refuses. If the two ever disagree, a table or a cell must not vanish in silence.
    match model.omitted.first() {
        Some(place) if found.is_empty() => vec![finding::omitted(*place)],
        _ => found,
    }
}
