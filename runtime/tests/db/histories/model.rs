//! What the tables hold, in memory, and what each operation has to give: written from what the interface says, not from how it does it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use cell::Decimal;
use cell::db::DataError;
use chrono::NaiveDate;

use super::operation::{Condition, Operation, Order, Question};
use super::{Outcome, customer, order, shown};
use crate::shop::{Code, Customer, Order as Row};

/// The tables by their keys. Texts are ordered by their bytes, which is the order of code points.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    customers: BTreeMap<String, String>,
    orders: BTreeMap<(String, i32), (Decimal, NaiveDate)>,
}

impl Model {
    /// Plays an operation: all of it or nothing.
    pub(crate) fn play(&mut self, operation: &Operation) -> Outcome {
        let before = self.clone();
        let outcome = self.run(operation);
        if outcome.is_err() {
            *self = before;
        }
        outcome
    }

    fn run(&mut self, operation: &Operation) -> Outcome {
        Ok(match operation {
            Operation::AddCustomer(row) => {
                if self.customers.contains_key(&row.code.0) {
                    return Err(DataError::UniqueViolation { table: "customers", columns: vec!["code"] });
                }
                self.put_customer(row);
                shown(row)
            }
            Operation::PutCustomers(rows) => {
                rows.iter().for_each(|row| self.put_customer(row));
                shown(rows.len() as u64)
            }
            Operation::UpdateCustomer(row) => {
                if !self.customers.contains_key(&row.code.0) {
                    return Err(DataError::NotFound { table: "customers" });
                }
                self.put_customer(row);
                shown(())
            }
            Operation::RemoveCustomer(code) => {
                if self.orders.keys().any(|(customer, _)| customer == code) {
                    return Err(DataError::ReferenceViolation { table: "customers" });
                }
                shown(self.customers.remove(code).is_some())
            }
            Operation::AddOrders(rows) => {
                // What is twice is refused at once, what refers to nothing at the end.
                for row in rows {
                    if self.orders.contains_key(&key(row)) {
                        return Err(DataError::UniqueViolation {
                            table: "orders",
                            columns: vec!["customer", "number"],
                        });
                    }
                    self.put_order(row);
                }
                self.check_references()?;
                shown(rows.len() as u64)
            }
            Operation::PutOrder(row) => {
                self.put_order(row);
                self.check_references()?;
                shown(row)
            }
            Operation::UpdateOrder(row) => {
                if !self.orders.contains_key(&key(row)) {
                    return Err(DataError::NotFound { table: "orders" });
                }
                self.put_order(row);
                shown(())
            }
            Operation::RemoveOrder(code, number) => shown(self.orders.remove(&(code.clone(), *number)).is_some()),
            Operation::Charge(condition, more) => {
                let mut changed = 0_u64;
                for (key, (total, placed)) in &mut self.orders {
                    if holds(condition, key, *total, *placed) {
                        *total += *more;
                        changed += 1;
                    }
                }
                shown(changed)
            }
            Operation::RemoveOrders(condition) => {
                let before = self.orders.len();
                self.orders.retain(|key, (total, placed)| !holds(condition, key, *total, *placed));
                shown((before - self.orders.len()) as u64)
            }
            Operation::Ask(question) => self.ask(question),
            Operation::Transaction { operations, commit } => {
                let results = self.all(operations)?;
                if !commit {
                    return Err(DataError::Closed);
                }
                results
            }
            Operation::Savepoint { operations } => {
                let before = self.clone();
                let inner = self.all(operations);
                if inner.is_err() {
                    *self = before;
                }
                format!("{inner:?}, then {}", self.orders.len())
            }
        })
    }

    fn all(&mut self, operations: &[Operation]) -> Outcome {
        let results: Result<Vec<String>, DataError> = operations.iter().map(|operation| self.run(operation)).collect();
        Ok(results?.join("; "))
    }

    fn put_customer(&mut self, row: &Customer) {
        self.customers.insert(row.code.0.clone(), row.name.clone());
    }

    fn put_order(&mut self, row: &Row) {
        self.orders.insert(key(row), (row.total, row.placed));
    }

    fn check_references(&self) -> Result<(), DataError> {
        match self.orders.keys().all(|(code, _)| self.customers.contains_key(code)) {
            true => Ok(()),
            false => Err(DataError::ReferenceViolation { table: "orders" }),
        }
    }

    /// The orders that meet a condition, by key.
    fn orders(&self, condition: Option<&Condition>) -> Vec<Row> {
        let meets = |key: &(String, i32), total, placed| condition.is_none_or(|one| holds(one, key, total, placed));
        let orders = self.orders.iter().filter(|(key, (total, placed))| meets(key, *total, *placed));
        orders.map(|((code, number), (total, placed))| order(code, *number, *total, *placed)).collect()
    }

    fn ask(&self, question: &Question) -> String {
        match question {
            Question::Customers => {
                let mut rows: Vec<Customer> = self.customers.iter().map(|(code, name)| customer(code, name)).collect();
                // Stable: what has one name stays in the order of keys.
                rows.sort_by(|one, other| other.name.cmp(&one.name));
                shown(rows)
            }
            Question::Get(code, number) => {
                let found = self.orders.get(&(code.clone(), *number));
                shown(found.map(|(total, placed)| order(code, *number, *total, *placed)))
            }
            Question::List { condition, order, limit, offset } => {
                let mut rows = self.orders(condition.as_ref());
                rows.sort_by(|one, other| match order {
                    Order::Key => Ordering::Equal,
                    Order::Total => {
                        let by_total = other.total.cmp(&one.total);
                        by_total.then(one.customer.0.cmp(&other.customer.0)).then(other.number.cmp(&one.number))
                    }
                    Order::Placed => one.placed.cmp(&other.placed).then(other.customer.0.cmp(&one.customer.0)),
                });
                let (limit, offset) = (usize::try_from(*limit), usize::try_from(*offset));
                shown(rows.into_iter().skip(offset.expect("small")).take(limit.expect("small")).collect::<Vec<_>>())
            }
            Question::Pages { order, .. } => {
                let mut rows = self.orders(None);
                rows.sort_by(|one, other| match order {
                    Order::Key => Ordering::Equal,
                    Order::Total => other.total.cmp(&one.total),
                    Order::Placed => one.placed.cmp(&other.placed),
                });
                shown(rows)
            }
            Question::Totals(condition) => {
                let rows = self.orders(condition.as_ref());
                let sum: Decimal = rows.iter().map(|row| row.total).sum();
                let least = rows.iter().map(|row| row.customer.0.clone()).min().map(Code);
                let greatest = rows.iter().map(|row| row.placed).max();
                shown((rows.len() as u64, !rows.is_empty(), sum.normalize(), least, greatest))
            }
            Question::Groups(condition) => {
                let mut groups: BTreeMap<String, (i64, Decimal, Option<i32>)> = BTreeMap::new();
                for row in self.orders(condition.as_ref()) {
                    let (count, sum, least) = groups.entry(row.customer.0).or_default();
                    *count += 1;
                    *sum += row.total;
                    *least = Some(least.map_or(row.number, |least| least.min(row.number)));
                }
                let row = |(code, (count, sum, least)): (String, (i64, Decimal, Option<i32>))| {
                    (Code(code), count, sum.normalize(), least)
                };
                shown(groups.into_iter().map(row).collect::<Vec<_>>())
            }
            Question::Days => {
                let mut days: Vec<NaiveDate> = self.orders.values().map(|(_, placed)| *placed).collect();
                days.sort_unstable();
                days.dedup();
                shown(days)
            }
        }
    }
}

fn key(row: &Row) -> (String, i32) {
    (row.customer.0.clone(), row.number)
}

fn holds(condition: &Condition, key: &(String, i32), total: Decimal, placed: NaiveDate) -> bool {
    let both = |one: &Condition| holds(one, key, total, placed);
    match condition {
        Condition::Of(code) => key.0 == *code,
        Condition::Above(least) => total > *least,
        Condition::Between(from, to) => *from <= placed && placed <= *to,
        Condition::Numbered(numbers) => numbers.contains(&key.1),
        Condition::Before(code) => key.0 < *code,
        Condition::Starts(text) => key.0.starts_with(text.as_str()),
        Condition::Contains(text) => key.0.contains(text.as_str()),
        Condition::Both(one, other) => both(one) && both(other),
        Condition::Either(one, other) => both(one) || both(other),
        Condition::Not(one) => !both(one),
    }
}
