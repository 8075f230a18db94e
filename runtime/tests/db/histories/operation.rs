//! What a history is made of, and random ones. Few keys, so that operations meet; texts whose order and letters engines disagree about.

use cell::Decimal;
use chrono::NaiveDate;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{cents, customer, order};
use crate::shop::{Customer, Order as Row};

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    AddCustomer(Customer),
    PutCustomers(Vec<Customer>),
    UpdateCustomer(Customer),
    RemoveCustomer(String),
    AddOrders(Vec<Row>),
    PutOrder(Row),
    UpdateOrder(Row),
    RemoveOrder(String, i32),
    Charge(Condition, Decimal),
    RemoveOrders(Condition),
    Ask(Question),
    Transaction { operations: Vec<Operation>, commit: bool },
    Savepoint { operations: Vec<Operation> },
}

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Of(String),
    Above(Decimal),
    Between(NaiveDate, NaiveDate),
    Numbered(Vec<i32>),
    Before(String),
    Starts(String),
    Contains(String),
    Both(Box<Condition>, Box<Condition>),
    Either(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Key,
    Total,
    Placed,
}

#[derive(Clone, Debug)]
pub(crate) enum Question {
    Customers,
    Get(String, i32),
    List { condition: Option<Condition>, order: Order, limit: u64, offset: u64 },
    Pages { order: Order, size: u32 },
    Totals(Option<Condition>),
    Groups(Option<Condition>),
    Days,
}

const CODES: [&str; 9] = ["", "a", "A", "b", "é", "z", "a%", "_", "𝄞\u{fffd}"];

fn code() -> impl Strategy<Value = String> {
    select(&CODES[..]).prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    select(&["", "a", "A", "%", "_", "é", "É", "\\", "𝄞", "a%"][..]).prop_map(str::to_owned)
}

fn day() -> impl Strategy<Value = NaiveDate> {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a day");
    select(vec![day(1, 1, 1), day(1969, 12, 31), day(2024, 2, 29), day(2024, 3, 1), day(9999, 12, 31)])
}

fn total() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        (-3_i64..3).prop_map(|whole| cents(whole * 10_000)),
        (-30_000_i64..30_000).prop_map(cents),
        Just(cents(99_999_999_999_999)),
    ]
}

fn rows() -> impl Strategy<Value = Row> {
    (code(), -2..3, total(), day()).prop_map(|(code, number, total, placed)| order(&code, number, total, placed))
}

fn customers() -> impl Strategy<Value = Customer> {
    (code(), text()).prop_map(|(code, name)| customer(&code, &name))
}

fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        code().prop_map(Condition::Of),
        total().prop_map(Condition::Above),
        (day(), day()).prop_map(|(from, to)| Condition::Between(from, to)),
        vec(-2..3, 0..3).prop_map(Condition::Numbered),
        code().prop_map(Condition::Before),
        text().prop_map(Condition::Starts),
        text().prop_map(Condition::Contains),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            two.clone().prop_map(|(one, other)| Condition::Both(Box::new(one), Box::new(other))),
            two.prop_map(|(one, other)| Condition::Either(Box::new(one), Box::new(other))),
            inner.prop_map(|one| Condition::Not(Box::new(one))),
        ]
    })
}

fn sorted() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Key), Just(Order::Total), Just(Order::Placed)]
}

fn question() -> impl Strategy<Value = Question> {
    let some = || proptest::option::of(condition());
    prop_oneof![
        Just(Question::Customers),
        (code(), -2..3).prop_map(|(code, number)| Question::Get(code, number)),
        (some(), sorted(), 0_u64..6, 0_u64..4).prop_map(|(condition, order, limit, offset)| Question::List {
            condition,
            order,
            limit,
            offset
        }),
        (sorted(), 1_u32..4).prop_map(|(order, size)| Question::Pages { order, size }),
        some().prop_map(Question::Totals),
        some().prop_map(Question::Groups),
        Just(Question::Days),
    ]
}

fn single() -> impl Strategy<Value = Operation> {
    prop_oneof![
        3 => customers().prop_map(Operation::AddCustomer),
        2 => vec(customers(), 0..4).prop_map(Operation::PutCustomers),
        1 => customers().prop_map(Operation::UpdateCustomer),
        1 => code().prop_map(Operation::RemoveCustomer),
        4 => vec(rows(), 0..5).prop_map(Operation::AddOrders),
        3 => rows().prop_map(Operation::PutOrder),
        2 => rows().prop_map(Operation::UpdateOrder),
        1 => (code(), -2..3).prop_map(|(code, number)| Operation::RemoveOrder(code, number)),
        2 => (condition(), (-20_000_i64..20_000).prop_map(cents)).prop_map(|(which, more)| Operation::Charge(which, more)),
        1 => condition().prop_map(Operation::RemoveOrders),
        6 => question().prop_map(Operation::Ask),
    ]
}

/// Random histories.
pub(crate) fn histories() -> impl Strategy<Value = Vec<Operation>> {
    let several = || vec(single(), 0..5);
    // Customers first: without them there are no orders.
    let begun = vec(customers(), 4..9).prop_map(Operation::PutCustomers);
    let operation = prop_oneof![
        8 => single(),
        2 => (several(), any::<bool>()).prop_map(|(operations, commit)| Operation::Transaction { operations, commit }),
        1 => several().prop_map(|operations| Operation::Savepoint { operations }),
    ];
    (begun, vec(operation, 1..30)).prop_map(|(first, rest)| std::iter::once(first).chain(rest).collect())
}
