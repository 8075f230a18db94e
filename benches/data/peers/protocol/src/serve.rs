//! A peer's side of the lines. In: a question's word and how often it is asked, as `get 400`. Out: the nanoseconds of one answer.
//! The end of the input is the end of the program. Absent: the benchmark's side, which alone has several peers.

use std::io::{Write as _, stdin, stdout};

use crate::{Library, Result, measure};

/// The URL that a peer's program is started with.
///
/// # Errors
/// There is none.
pub fn argument() -> Result<String> {
    std::env::args().nth(1).ok_or_else(|| "the URL of a database is missing".into())
}

/// Answers questions until there are no more.
///
/// # Errors
/// A line is not a question, or the library refuses.
pub async fn serve<L: Library>(mut library: L) -> Result<()> {
    for line in stdin().lines() {
        let line = line?;
        let (question, times) = line.split_once(' ').ok_or("a line is a question and how often it is asked")?;
        let spent = measure(&mut library, question.parse()?, times.parse()?).await?;
        writeln!(stdout(), "{}", spent.as_nanos())?;
    }
    Ok(())
}
