//! The schema that is measured, before and after its changes; `makemigrations.py` writes the same one as models.
//! In: how many tables and changes. Out: two schemas. Each kind of change is as frequent as the others.

use cell_schema::expr::{Binary, Expr, Expression, Literal};
use cell_schema::names::constraint;
use cell_schema::schema::{Action, Check, Column, Default, Index, IndexColumn, Reference, Schema, Table, Type, Unique};

/// Columns of each table, with its key.
pub const COLUMNS: usize = 20;

/// What a table's change is, by the number of the change.
pub const KINDS: usize = 5;

fn column(name: String, ty: Type) -> Column {
    Column { name, ty, nullable: false, automatic: false, default: None, generated: None }
}

fn name(number: usize) -> String {
    format!("table_{number:05}")
}

fn table(number: usize) -> Table {
    let mut columns = vec![Column { automatic: true, ..column("id".to_owned(), Type::I64) }];
    for at in 1..COLUMNS {
        let ty = match at % 4 {
            0 => Type::I32,
            1 => Type::Text { max_len: Some(100) },
            2 => Type::Decimal { precision: 12, scale: 2 },
            _ => Type::Bool,
        };
        columns.push(column(format!("field_{at:02}"), ty));
    }
    let name = name(number);
    let mut references = Vec::new();
    if number > 0 {
        columns[4] = column("field_04".to_owned(), Type::I64);
        references.push(Reference {
            name: constraint(&name, &["field_04"], "fkey"),
            columns: vec!["field_04".to_owned()],
            table: self::name(number / 2),
            target: vec!["id".to_owned()],
            on_delete: Action::Cascade,
        });
    }
    let positive = Expr::Binary {
        op: Binary::Greater,
        left: Box::new(Expr::Column("field_02".to_owned())),
        right: Box::new(Expr::Literal(Literal::Integer(0))),
    };
    Table {
        key: vec!["id".to_owned()],
        uniques: vec![Unique { name: constraint(&name, &["field_01"], "key"), columns: vec!["field_01".to_owned()] }],
        indexes: vec![index(&name, "field_03")],
        references,
        checks: vec![Check {
            name: constraint(&name, &["field_02"], "check"),
            expression: Expression::Portable(positive),
        }],
        columns,
        name,
    }
}

fn index(table: &str, column: &str) -> Index {
    let columns = vec![IndexColumn { column: column.to_owned(), descending: false }];
    Index { name: constraint(table, &[column], "idx"), columns, predicate: None }
}

/// The schema before.
pub fn previous(tables: usize) -> Schema {
    Schema { database: "shop".to_owned(), tables: (0..tables).map(table).collect() }
}

/// The schema after so many changes, each in a table of its own.
pub fn next(tables: usize, changes: usize) -> Schema {
    let mut schema = previous(tables);
    for at in 0..changes {
        let number = at * tables / changes;
        let table = &mut schema.tables[number];
        match at % KINDS {
            0 => {
                let added = column("added".to_owned(), Type::I32);
                table.columns.push(Column { default: Some(Default::Value(Literal::Integer(1))), ..added });
            }
            1 => drop(table.columns.retain(|column| column.name != "field_19")),
            2 => table.columns[1].ty = Type::Text { max_len: Some(200) },
            3 => table.indexes.push(index(&table.name, "field_05")),
            _ => table.columns[6].nullable = true,
        }
    }
    schema.sorted()
}
