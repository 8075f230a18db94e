//! The names of what is about columns, derived anew as the compiler derives them; and names that change.
//! In: a schema. Out: the same with other names. Written here again, so that the library's own renames are tested by something else.

use std::collections::BTreeSet;

use cell_schema::expr::{Expr, Expression};
use cell_schema::names::constraint;
use cell_schema::schema::{Schema, Table};

/// Gives everything that has no chosen name the name of what it is about.
pub(crate) fn named(schema: &mut Schema) {
    for table in &mut schema.tables {
        let mut taken = BTreeSet::new();
        let name = table.name.clone();
        let mut derive = |own: &mut String, columns: &[&str], suffix: &str| {
            if own.starts_with("mine_") {
                return;
            }
            let numbered = (1..).map(|at| if at == 1 { suffix.to_owned() } else { format!("{suffix}{at}") });
            let mut names = numbered.map(|suffix| constraint(&name, columns, &suffix));
            if let Some(free) = names.find(|name| taken.insert(name.clone())) {
                *own = free;
            }
        };
        for unique in &mut table.uniques {
            let columns: Vec<&str> = unique.columns.iter().map(String::as_str).collect();
            derive(&mut unique.name, &columns, "key");
        }
        for reference in &mut table.references {
            let columns: Vec<&str> = reference.columns.iter().map(String::as_str).collect();
            derive(&mut reference.name, &columns, "fkey");
        }
        for index in &mut table.indexes {
            let columns: Vec<&str> = index.columns.iter().map(|part| part.column.as_str()).collect();
            derive(&mut index.name, &columns, "idx");
        }
        for check in &mut table.checks {
            let columns: Vec<String> = mentioned(&check.expression);
            let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
            derive(&mut check.name, &columns, "check");
        }
    }
    *schema = std::mem::take(schema).sorted();
}

/// The columns of an expression by name.
pub(crate) fn mentioned(expression: &Expression) -> Vec<String> {
    let mut names = BTreeSet::new();
    if let Expression::Portable(expr) = expression {
        visit(&mut expr.clone(), &mut |name| names.extend([name.clone()]));
    }
    names.into_iter().collect()
}

fn visit(expr: &mut Expr, see: &mut impl FnMut(&mut String)) {
    match expr {
        Expr::Column(name) => see(name),
        Expr::Literal(_) => {}
        Expr::Unary { operand, .. } => visit(operand, see),
        Expr::Binary { left, right, .. } => {
            visit(left, see);
            visit(right, see);
        }
        Expr::Call { arguments, .. } => arguments.iter_mut().for_each(|argument| visit(argument, see)),
    }
}

/// Gives tables other names.
pub(crate) fn rename_tables(schema: &mut Schema, name: impl Fn(&str) -> String) {
    for table in &mut schema.tables {
        table.name = name(&table.name);
        for reference in &mut table.references {
            reference.table = name(&reference.table);
        }
    }
    named(schema);
}

/// Gives columns of a table other names.
pub(crate) fn rename_columns(schema: &mut Schema, of: &str, name: impl Fn(&str) -> String) {
    let rename = |own: &mut String| *own = name(own);
    for table in &mut schema.tables {
        for reference in table.references.iter_mut().filter(|reference| reference.table == of) {
            reference.target.iter_mut().for_each(rename);
        }
        if table.name == of {
            within(table, &mut |own| *own = name(own));
        }
    }
    named(schema);
}

fn within(table: &mut Table, rename: &mut impl FnMut(&mut String)) {
    let expression = |expression: &mut Expression, rename: &mut dyn FnMut(&mut String)| {
        if let Expression::Portable(expr) = expression {
            visit(expr, &mut |name| rename(name));
        }
    };
    for column in &mut table.columns {
        rename(&mut column.name);
        if let Some(generated) = &mut column.generated {
            expression(&mut generated.expression, rename);
        }
    }
    table.key.iter_mut().for_each(&mut *rename);
    table.uniques.iter_mut().flat_map(|unique| &mut unique.columns).for_each(&mut *rename);
    table.references.iter_mut().flat_map(|reference| &mut reference.columns).for_each(&mut *rename);
    for index in &mut table.indexes {
        index.columns.iter_mut().for_each(|part| rename(&mut part.column));
        if let Some(predicate) = &mut index.predicate {
            expression(predicate, rename);
        }
    }
    for check in &mut table.checks {
        expression(&mut check.expression, rename);
    }
}
