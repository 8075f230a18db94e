//! Laws that hold for any two schemas.

use cell_schema::change::Change;
use cell_schema::check::check;
use cell_schema::diff::diff;
use cell_schema::expr::{Expr, Literal};
use cell_schema::hints::Hints;
use cell_schema::history::{next, read, seal, write};
use cell_schema::names;
use cell_schema::plan::{Indexes, plan, program};
use cell_schema::schema::{Action, Column, Default, Schema, Table, Type};
use cell_schema::{Engine, dialect};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::build::*;

const TABLES: [&str; 4] = ["order", "a_b", "we\"ird", "größe"];
const COLUMNS: [&str; 5] = ["select", "b_c", "Name", "x'y", "日付"];

fn ty() -> impl Strategy<Value = Type> {
    select(vec![
        Type::I16,
        Type::I32,
        Type::I64,
        Type::U16,
        Type::U32,
        Type::Bool,
        Type::F32,
        Type::F64,
        TEXT,
        Type::Text { max_len: Some(9) },
        Type::Bytes { max_len: None },
        Type::Uuid,
        Type::Instant,
        Type::Date,
        Type::Time,
        PRICE,
        Type::Decimal { precision: 5, scale: 4 },
        Type::Json,
        enumeration(&["x", "y"]),
        enumeration(&["y", "x"]),
        enumeration(&["x", "y", "it's"]),
    ])
}

fn default_of(ty: &Type) -> Option<Default> {
    Some(match ty {
        Type::I16 | Type::I32 | Type::I64 | Type::U16 | Type::U32 | Type::F32 | Type::F64 | Type::Decimal { .. } => {
            value(Literal::Integer(3))
        }
        Type::Bool => value(Literal::Bool(true)),
        Type::Text { .. } | Type::Enumeration { .. } => value(Literal::Text("x".to_owned())),
        Type::Uuid => Default::RandomUuid,
        Type::Instant | Type::Date | Type::Time => Default::Now,
        Type::Json => value(Literal::Text("[]".to_owned())),
        Type::Bytes { .. } => return None,
    })
}

/// A condition about a column that fits its type.
fn about(column: &Column) -> Expr {
    let x = c(&column.name);
    match &column.ty {
        Type::I16 | Type::I32 | Type::U16 | Type::U32 | Type::Decimal { .. } => {
            op(op(x, "*", int(2)), ">=", num("0.5"))
        }
        Type::I64 | Type::F32 | Type::F64 => op(x, ">", int(1)),
        Type::Text { .. } => op(call("len", [call("trim", [x])]), ">", int(0)),
        Type::Bool => x,
        _ => not(call("is_null", [x])),
    }
}

prop_compose! {
    fn any_column(name: &'static str)(ty in ty(), null in any::<bool>(), kind in 0..4_u8) -> Column {
        let mut column = Column { nullable: null, ..column(name, ty) };
        match kind {
            0 => column.default = default_of(&column.ty),
            1 if column.ty == Type::I64 => column = generated(name, Type::I64, c("id")),
            _ => {}
        }
        column
    }
}

prop_compose! {
    fn any_table(name: &'static str)(
        columns in subsequence(COLUMNS.to_vec(), 0..=COLUMNS.len())
            .prop_shuffle()
            .prop_flat_map(|names| names.into_iter().map(any_column).collect::<Vec<_>>()),
        parts in prop::collection::vec((0..5_usize, 0..4_u8), 0..6),
        parent in prop::option::of((select(TABLES.to_vec()), select(vec![Action::Refuse, Action::SetNull]))),
        assigned in any::<bool>(),
    ) -> Table {
        let mut table = table(name, columns);
        table.columns[0].automatic = !assigned;
        for (place, kind) in parts {
            let Some(column) = table.columns.get(place % table.columns.len()).cloned() else { continue };
            let name = names::constraint(&table.name, &[&column.name], ["key", "idx", "check", "pidx"][usize::from(kind)]);
            let taken = table.uniques.iter().map(|unique| &unique.name).chain(table.indexes.iter().map(|index| &index.name));
            if taken.chain(table.checks.iter().map(|check| &check.name)).any(|other| *other == name) {
                continue;
            }
            let orderable = column.ty != Type::Json;
            table = match kind {
                0 if orderable && table.key != [column.name.as_str()] => table.unique(&name, &[&column.name]),
                1 if orderable => table.index(&name, &[&column.name], None),
                2 => table.check(&name, about(&column)),
                3 if orderable => table.index(&name, &[&column.name], Some(about(&column))),
                _ => table,
            };
        }
        if let Some((target, action)) = parent {
            table.columns.push(nullable("parent", Type::I64));
            table = table.references("parent_fkey", "parent", target, action);
        }
        table
    }
}

fn any_schema() -> impl Strategy<Value = Schema> {
    let tables = subsequence(TABLES.to_vec(), 0..=TABLES.len());
    let tables = tables.prop_flat_map(|names| names.into_iter().map(any_table).collect::<Vec<_>>());
    tables.prop_map(|mut tables| {
        let names: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
        for table in &mut tables {
            table.references.retain(|reference| names.contains(&reference.table));
        }
        schema(tables)
    })
}

/// A schema and one that has more, as a developer would go on.
fn growing() -> impl Strategy<Value = (Schema, Schema)> {
    (any_schema(), any_schema()).prop_map(|(previous, more)| {
        let mut next = previous.clone();
        for table in more.tables {
            match next.tables.iter_mut().find(|known| known.name == table.name) {
                None => next.tables.push(table),
                Some(known) => {
                    let new = table.columns.into_iter().filter(|column| known.column(&column.name).is_none());
                    let survives = |column: &Column| column.nullable && column.default.is_none();
                    let new: Vec<Column> = new.filter(survives).collect();
                    known.columns.splice(1..1, new);
                }
            }
        }
        let names: Vec<String> = next.tables.iter().map(|table| table.name.clone()).collect();
        for table in &mut next.tables {
            table.references.retain(|reference| names.contains(&reference.table));
        }
        (previous, schema(next.tables))
    })
}

fn replay(schema: &Schema, changes: &[Change]) -> Schema {
    let mut schema = schema.clone();
    for change in changes {
        schema.apply(change).expect("a change that fits");
    }
    schema
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_generated_schema_is_sound(schema in any_schema()) {
        prop_assert_eq!(check(&schema), vec![]);
        for engine in Engine::ALL {
            prop_assert!(dialect::lower(engine, &schema).is_ok());
        }
    }

    #[test]
    fn nothing_changes_between_a_schema_and_itself(schema in any_schema()) {
        prop_assert_eq!(diff(&schema, &schema, &Hints::default()), Ok(vec![]));
    }

    #[test]
    fn the_changes_lead_from_one_schema_to_the_other(previous in any_schema(), next in any_schema()) {
        let changes = diff(&previous, &next, &Hints::default()).expect("no renames");
        let replayed = replay(&previous, &changes);
        prop_assert_eq!(&replayed, &next.aligned_to(&previous));
        prop_assert_eq!(diff(&replayed, &next, &Hints::default()), Ok(vec![]));
        // Whatever the changes are, there is a plan or a refusal, and a change that is written is the change that is read.
        let _ = plan(&previous, &next, &Hints::default());
        let json = serde_json::to_string(&changes).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Vec<Change>>(&json).expect("changes"), changes);
    }

    #[test]
    fn additions_have_a_plan_that_leads_there((previous, next) in growing()) {
        let plan = plan(&previous, &next, &Hints::default()).expect("a plan");
        prop_assert_eq!(replay(&previous, &plan.changes), next.aligned_to(&previous));
        for engine in Engine::ALL {
            let program = program(engine, &previous, &plan.changes, Indexes::Concurrently).expect("a program");
            prop_assert!(program.steps.iter().all(|step| !step.statements.is_empty()));
            prop_assert_eq!(program.steps.is_empty(), plan.changes.is_empty());
        }
    }

    #[test]
    fn a_history_is_a_function_of_its_input((previous, model) in growing()) {
        let first = seal(&next(None, &previous, &Hints::default()).expect("a history"));
        let second = next(Some(&first), &model, &Hints::default()).expect("a history");
        prop_assert_eq!(&write(&next(Some(&second), &model, &Hints::default()).expect("a history")), &write(&second));
        // Whatever follows, what is sealed keeps its bytes.
        let sealed = write(&first);
        let written = write(&second);
        for (file, bytes) in sealed.iter().filter(|(file, _)| file.starts_with("migrations/") || *file == "sealed") {
            prop_assert_eq!(written.get(file), Some(bytes));
        }
        prop_assert_eq!(&read(&write(&second)).expect("a history"), &second);
        prop_assert_eq!(&second.snapshot, &model.aligned_to(&previous));
        prop_assert!(second.migrations.iter().all(|migration| migration.name.len() <= 60));
    }
}
