//! What a table's checks tell about values that they accept: the constants in them.
//! In: checks, portable or as text. Out: constants and columns for each. Absent: solving: whether a row is accepted is for
//! the engine to say.

use std::collections::{BTreeMap, BTreeSet};

use cell_schema::expr::{Expr, Expression, Literal};
use cell_schema::schema::Table;

use crate::tokens::{self, Kind};

/// The constants of a table's checks.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// By the check's name: its columns.
    checks: BTreeMap<String, BTreeSet<String>>,
    /// By column: constants it is compared with, or that are near it.
    columns: BTreeMap<String, Constants>,
}

/// Constants, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Constants {
    /// Digits and scale.
    pub(super) numbers: BTreeSet<(i64, u8)>,
    pub(super) texts: BTreeSet<String>,
}

impl Hints {
    /// `next` is the table as it will be: its checks tell, too.
    pub(super) fn of(table: &Table, next: Option<&Table>) -> Self {
        let mut hints = Self::default();
        let coming = next.into_iter().flat_map(|next| &next.checks).map(|check| (&check.name, &check.expression));
        let generated =
            table.columns.iter().filter_map(|column| Some((&column.name, &column.generated.as_ref()?.expression)));
        let checks = table.checks.iter().map(|check| (&check.name, &check.expression));
        for (name, expression) in coming.chain(checks).chain(generated) {
            let mut constants = Constants::default();
            let mut columns = BTreeSet::new();
            match expression {
                Expression::Portable(expr) => portable(expr, &mut constants, &mut columns),
                Expression::Raw { sqlite, postgres } => {
                    for text in [sqlite, postgres].into_iter().flatten() {
                        raw(text, table, &mut constants, &mut columns);
                    }
                }
            }
            for column in &columns {
                let known = hints.columns.entry(column.clone()).or_default();
                known.numbers.extend(&constants.numbers);
                known.texts.extend(constants.texts.iter().cloned());
            }
            hints.checks.insert(name.clone(), columns);
        }
        // A check over a generated column is one over the columns that it is computed from.
        let snapshot = hints.checks.clone();
        for columns in hints.checks.values_mut() {
            let sources: Vec<String> =
                columns.iter().filter_map(|column| snapshot.get(column)).flatten().cloned().collect();
            columns.extend(sources);
        }
        hints
    }

    /// The constants for a column.
    pub(super) fn constants(&self, column: &str) -> Option<&Constants> {
        self.columns.get(column)
    }

    /// The columns of the check that the engine's message names; the longest name wins, as one may begin another.
    pub(super) fn blamed(&self, message: &str) -> Option<&BTreeSet<String>> {
        let named = self.checks.iter().filter(|(name, _)| message.contains(name.as_str()) && message.contains("heck"));
        named.max_by_key(|(name, _)| name.len()).map(|(_, columns)| columns)
    }
}

fn portable(expr: &Expr, constants: &mut Constants, columns: &mut BTreeSet<String>) {
    match expr {
        Expr::Column(name) => drop(columns.insert(name.clone())),
        Expr::Literal(Literal::Integer(value)) => drop(constants.numbers.insert((*value, 0))),
        Expr::Literal(Literal::Number(digits)) => constants.numbers.extend(number(digits)),
        Expr::Literal(Literal::Text(text)) => drop(constants.texts.insert(text.clone())),
        Expr::Literal(Literal::Null | Literal::Bool(_)) => {}
        Expr::Unary { operand, .. } => portable(operand, constants, columns),
        Expr::Binary { left, right, .. } => {
            portable(left, constants, columns);
            portable(right, constants, columns);
        }
        Expr::Call { arguments, .. } => {
            for argument in arguments {
                portable(argument, constants, columns);
            }
        }
    }
}

fn raw(text: &str, table: &Table, constants: &mut Constants, columns: &mut BTreeSet<String>) {
    for token in tokens::tokens(text) {
        match token.kind {
            Kind::Text => drop(constants.texts.insert(token.name())),
            Kind::Word | Kind::Quoted => {
                constants.numbers.extend(number(token.text));
                let name = token.name();
                let column = table.columns.iter().find(|column| column.name.eq_ignore_ascii_case(&name));
                columns.extend(column.map(|column| column.name.clone()));
            }
            _ => {}
        }
    }
}

/// Digits and scale of a number as it is written.
fn number(text: &str) -> Option<(i64, u8)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, u8::try_from(fraction.len()).ok()?))
}
