//! The program's mode for its search indexes: with `CELL_SEARCH` set it starts no cell, but tells how its indexes stand (`status`), builds
//! them anew (`rebuild`), or those that are not there (`prepare`), or compares them with their tables (`verify`), whether the application
//! runs meanwhile or not.
//! In: the environment. Out: lines of JSON on standard output, each a [`cell_manifest::SearchSaid`]: how far it has come, and at the end
//! how all of them stand. Absent: what is done with an index (`search`), and words for people, which the command has.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cell_manifest::{SearchProgress, SearchSaid, Searched, SearchedIndex};

use crate::config::Environment;
use crate::{Error, Result};

/// How often progress is told.
const PAUSE: Duration = Duration::from_millis(500);

/// What the environment asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) mode: Mode,
    /// The indexes by name, `DATABASE.INDEX`; all where none is named.
    pub(crate) indexes: Vec<String>,
}

/// What is done with the indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are looked at.
    Status,
    /// They are compared with their tables.
    Verify,
    /// They are built anew.
    Rebuild,
    /// Those that are not there are built.
    Prepare,
}

/// Does what `CELL_SEARCH` asks for; `None` where it is not set, and the cells are to start. The exit code is 0 where nothing is in the
/// way of any index, and none differs from its table.
pub(crate) fn run(application: &str) -> Option<ExitCode> {
    let asked = Asked::read(&Environment::process()).transpose()?;
    let done = asked.and_then(|asked| print(indexes(application, &asked)?));
    Some(crate::migrate_mode::exit(application, done))
}

impl Asked {
    fn read(environment: &Environment) -> Result<Option<Self>> {
        let Some(mode) = environment.get("CELL_SEARCH")? else { return Ok(None) };
        let mode = match mode.as_str() {
            "status" => Mode::Status,
            "verify" => Mode::Verify,
            "rebuild" => Mode::Rebuild,
            "prepare" => Mode::Prepare,
            other => {
                let other: String = other.chars().take(40).collect();
                let text = [
                    "`CELL_SEARCH` is `",
                    &other,
                    "`, and must be `status`, `verify`, `rebuild` or `prepare`, or not be set",
                ];
                return Err(Error::message(text.concat()));
            }
        };
        Ok(Some(Self { mode, indexes: environment.list("CELL_SEARCH_INDEXES")? }))
    }
}

#[cfg(all(feature = "search", any(feature = "postgres", feature = "sqlite")))]
fn indexes(application: &str, asked: &Asked) -> Result<Vec<SearchedIndex>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let told = Told::default();
    runtime.block_on(crate::search::indexes(application, asked, &|progress| told.tell(progress)))
}

#[cfg(not(all(feature = "search", any(feature = "postgres", feature = "sqlite"))))]
fn indexes(_: &str, _: &Asked) -> Result<Vec<SearchedIndex>> {
    Err(Error::message("`CELL_SEARCH` is set, and there is no search: turn on the feature `search` of `cell-runtime`"))
}

/// What was told last, and when.
#[derive(Default)]
struct Told(Mutex<Option<(Instant, SearchProgress)>>);

impl Told {
    /// Tells how far it has come, unless something was told of it just now.
    #[cfg_attr(
        not(all(feature = "search", any(feature = "postgres", feature = "sqlite"))),
        expect(dead_code, reason = "there is nothing to tell of without search")
    )]
    fn tell(&self, progress: SearchProgress) {
        let mut told = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_news = told.as_ref().is_none_or(|(at, last)| {
            let is_same = last.index == progress.index && last.rows.is_some() == progress.rows.is_some();
            *last != progress && (!is_same || at.elapsed() >= PAUSE)
        });
        if is_news {
            // Nobody may be reading; what was asked for is done all the same.
            let _ = say(&SearchSaid::Progress(progress.clone()));
            *told = Some((Instant::now(), progress));
        }
    }
}

fn say(said: &SearchSaid) -> Result<()> {
    let mut output = std::io::stdout().lock();
    output.write_all(said.to_json()?.as_bytes())?;
    Ok(output.flush()?)
}

/// Prints how the indexes stand. Out: what is in the way, by index.
fn print(indexes: Vec<SearchedIndex>) -> Result<Vec<String>> {
    let problems = indexes.iter().filter_map(|index| {
        let name = ["the search index `", &index.database, ".", &index.index, "`"].concat();
        match (&index.problem, &index.compared) {
            (Some(problem), _) => Some([&name, ": ", problem].concat()),
            (None, Some(compared)) if compared.differing > 0 => {
                Some(format!("{name} differs from its table: {} of its keys", compared.differing))
            }
            _ => None,
        }
    });
    let problems = problems.collect();
    say(&SearchSaid::Indexes(Searched { format: Searched::FORMAT, indexes }))?;
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::{Asked, Mode};
    use crate::config::Environment;

    fn asked(variables: &[(&str, &str)]) -> Result<Option<Asked>, String> {
        let mut environment = Environment::process();
        environment.set("CELL_SEARCH_INDEXES", "");
        for (name, value) in variables {
            environment.set(*name, *value);
        }
        Asked::read(&environment).map_err(|error| error.to_string())
    }

    #[test]
    fn without_its_variable_the_cells_start() {
        assert_eq!(asked(&[]), Ok(None));
    }

    #[test]
    fn what_is_asked_for_is_read() {
        for (text, mode) in
            [("status", Mode::Status), ("verify", Mode::Verify), ("rebuild", Mode::Rebuild), ("prepare", Mode::Prepare)]
        {
            assert_eq!(asked(&[("CELL_SEARCH", text)]), Ok(Some(Asked { mode, indexes: Vec::new() })));
        }
        let named = asked(&[("CELL_SEARCH", "verify"), ("CELL_SEARCH_INDEXES", "shop.products, shop.notes,")]);
        let indexes = vec!["shop.products".to_owned(), "shop.notes".to_owned()];
        assert_eq!(named, Ok(Some(Asked { mode: Mode::Verify, indexes })));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |mode: &str| {
            Err(format!(
                "`CELL_SEARCH` is `{mode}`, and must be `status`, `verify`, `rebuild` or `prepare`, or not be set"
            ))
        };
        for mode in ["", "STATUS", "drop"] {
            assert_eq!(asked(&[("CELL_SEARCH", mode)]), refused(mode));
        }
    }
}
