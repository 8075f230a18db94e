//! Asks a library and takes the time. In: a library, a question, and how often it is asked. Out: the time of one answer, or an
//! error where an answer is not as long as it should be. Absent: the time in which rows are made of what a library writes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::{ITEMS, Question, Result, Row, key};

/// How many rows a list has.
const LIST: usize = 100;

/// A library, as its users write it for these tables.
pub trait Library {
    /// An item as it is read.
    type Item;
    /// An item as it is written, with or without a key that nobody looks at.
    type New;
    /// An owner with its items.
    type Family;

    /// What the library writes of a row.
    fn new(row: Row) -> Self::New;

    /// How many items an owner has.
    fn size(family: &Self::Family) -> usize;

    /// See [`Question::Get`].
    fn get(&mut self, key: i64) -> impl Future<Output = Result<Option<Self::Item>>>;

    /// See [`Question::List`]: those that have at least this stock.
    fn list(&mut self, stock: i32) -> impl Future<Output = Result<Vec<Self::Item>>>;

    /// See [`Question::InsertOne`].
    fn insert(&mut self, new: Self::New) -> impl Future<Output = Result<Self::Item>>;

    /// See [`Question::InsertMany`].
    fn insert_many(&mut self, new: Vec<Self::New>) -> impl Future<Output = Result<()>>;

    /// See [`Question::Update`].
    fn update(&mut self, key: i64, new: Self::New) -> impl Future<Output = Result<()>>;

    /// See [`Question::Eager`].
    fn eager(&mut self) -> impl Future<Output = Result<Vec<Self::Family>>>;
}

/// The time of one of so many answers.
///
/// # Errors
/// The library refuses, or an answer has another number of rows than it should have.
pub async fn measure<L: Library>(library: &mut L, question: Question, times: u32) -> Result<Duration> {
    let numbers = 0..times;
    match question {
        Question::Get => {
            let found = async |key| Ok(usize::from(black_box(library.get(key).await?).is_some()));
            each(numbers.map(key), 1, found).await
        }
        Question::List => {
            let found = async |at| Ok(black_box(library.list(at as i32 % 200).await?).len());
            each(numbers, LIST, found).await
        }
        Question::InsertOne => {
            let rows = numbers.map(|at| L::new(Row::new(i64::from(at))));
            each(rows, 1, async |row| black_box(library.insert(row).await).map(|_| 1)).await
        }
        Question::InsertMany => {
            let lists = numbers.map(|_| (0..ITEMS).map(|at| L::new(Row::new(at))).collect());
            each(lists, 1, async |rows| library.insert_many(rows).await.map(|()| 1)).await
        }
        Question::Update => {
            let rows = numbers.map(|at| (key(at), L::new(crate::changed(key(at)))));
            each(rows, 1, async |(key, row)| library.update(key, row).await.map(|()| 1)).await
        }
        Question::Eager => {
            let found = async |_| {
                let families = black_box(library.eager().await?);
                let even = families.iter().all(|family| L::size(family) == 10);
                Ok(if even { families.len() } else { 0 })
            };
            each(numbers, 100, found).await
        }
    }
}

/// The time of one of these, each of which finds so many.
async fn each<T>(
    asked: impl Iterator<Item = T>,
    wanted: usize,
    mut ask: impl AsyncFnMut(T) -> Result<usize>,
) -> Result<Duration> {
    let asked: Vec<T> = asked.collect();
    let times = u32::try_from(asked.len())?.max(1);
    let begun = Instant::now();
    for one in asked {
        let found = ask(one).await?;
        if found != wanted {
            return Err(format!("{found} were found in place of {wanted}").into());
        }
    }
    Ok(begun.elapsed() / times)
}
