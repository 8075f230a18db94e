//! Expressions: types that go together, a bounded depth, raw text that stays within its parentheses.

use super::{Report, Subject};
use crate::engine::Engine;
use crate::expr::{Expr, Expression, MAX_DEPTH};
use crate::lexis::check_raw;
use crate::refusal::{Refusal, shown};
use crate::typed::{self, Scope, Typed};

pub(super) fn expressions(subject: Subject<'_>, report: &mut Report) {
    let table = subject.table;
    for check in &table.checks {
        expression(subject, &check.expression, &check.name, typed::condition, report);
    }
    for index in &table.indexes {
        if let Some(predicate) = &index.predicate {
            expression(subject, predicate, &index.name, typed::condition, report);
        }
    }
    for column in &table.columns {
        let Some(generated) = &column.generated else { continue };
        let value = |scope: Scope<'_>, expr: &Expr| typed::value(scope, expr, column);
        if !expression(subject, &generated.expression, &column.name, value, report) {
            continue;
        }
        let Some(expr) = generated.expression.portable() else { continue };
        for name in expr.columns() {
            if table.column(name).is_some_and(|other| other.generated.is_some()) {
                report.refuse(
                    "column-generated",
                    subject.part(&column.name),
                    format!("`{}` is computed from `{}`, which is generated itself", shown(&column.name), shown(name)),
                    "compute it from plain columns: PostgreSQL does not chain generated columns",
                );
            }
        }
    }
}

/// Whether nothing is wrong with it.
fn expression(
    subject: Subject<'_>,
    expression: &Expression,
    part: &str,
    typed: impl FnOnce(Scope<'_>, &Expr) -> Result<Typed, Refusal>,
    report: &mut Report,
) -> bool {
    let object = subject.part(part);
    let before = report.refusals.len();
    match expression {
        Expression::Portable(expr) if expr.deeper_than(MAX_DEPTH) => report.refuse(
            "expression-depth",
            object,
            format!("an expression of `{}` is nested more than {MAX_DEPTH} levels deep", shown(part)),
            "write several checks instead of one; a row must meet them all",
        ),
        Expression::Portable(expr) => {
            report.refusals.extend(typed(Scope { table: subject.table, object: &object }, expr).err());
        }
        Expression::Raw { sqlite, postgres } => {
            if sqlite.is_none() && postgres.is_none() {
                report.refuse(
                    "expression-engine",
                    &object,
                    format!("`{}` says nothing for any engine", shown(part)),
                    "add `sqlite = \"…\"` or `postgres = \"…\"`",
                );
            }
            for (engine, text) in [(Engine::Sqlite, sqlite), (Engine::Postgres, postgres)] {
                if let Some(Err(problem)) = text.as_deref().map(check_raw) {
                    report.refuse(
                        "expression-raw",
                        &object,
                        format!("the text for {} cannot stand in a statement: {problem}", engine.title()),
                        "write one expression without comments, semicolons and dollar quotes",
                    );
                }
            }
        }
    }
    report.refusals.len() == before
}
